/** placeholder */
export interface RecordJsonParts {
  head: Uint8Array;
}
