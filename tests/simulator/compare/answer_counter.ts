/**
 * The comparer's own eye for a frame: where a simulated meter puts the counter of its answer. 68 L L 68 C A CI and the
 * long header's twelve bytes come before it, then DIF 04, VIF FD 61 and four bytes, least significant first.
 */
const RECORD_AT = 19;
const RECORD = "04fd61";

/** The counter in a frame (hexadecimal), or null when it is no simulated meter's. */
export function answerCounter(hex: string): number | null {
  const record = hex.slice(2 * RECORD_AT, 2 * RECORD_AT + RECORD.length).toLowerCase();
  if (record !== RECORD) return null;
  const start = 2 * RECORD_AT + RECORD.length;
  const bytes = hex.slice(start, start + 8).match(/../g);
  return bytes?.length === 4 ? parseInt(bytes.reverse().join(""), 16) : null;
}
