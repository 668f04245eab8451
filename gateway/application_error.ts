/** What a meter's application error says (CI 70, EN 13757-3), by its code. */
const APPLICATION_ERRORS: Record<number, string> = {
  0: "unspecified error",
  1: "unimplemented CI field",
  2: "buffer too long, truncated",
  3: "too many records",
  4: "premature end of record",
  5: "more than 10 DIFEs",
  6: "more than 10 VIFEs",
  8: "application too busy for handling the readout request",
  9: "too many readouts: credit used up",
};

/** The text of an application error's data; no data is an error that says nothing more. */
export function applicationErrorText(data: Uint8Array): string {
  const code = data[0] ?? 0;
  return `${APPLICATION_ERRORS[code] ?? "reserved error code"} (application error ${code})`;
}
