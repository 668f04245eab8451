/**
 * One line for a person from whatever was thrown. Both halves of a `SuppressedError` (a body's error and the error of
 * the release that followed it) are kept, and so are causes that the outer text does not quote already.
 *
 * @example
 * ```ts
 * import { describeError } from "@mbus-gateway/resource";
 * describeError(new SuppressedError(new Error("Cannot close"), new Error("Cannot read")));
 * // "Cannot read; then, while releasing: Cannot close"
 * ```
 */
export function describeError(thrown: unknown): string {
  if (thrown instanceof SuppressedError) {
    return `${describeError(thrown.suppressed)}; then, while releasing: ${describeError(thrown.error)}`;
  }
  if (thrown instanceof AggregateError && thrown.errors.length > 0) {
    const inner = thrown.errors.map(describeError).join("; ");
    return thrown.message === "" ? inner : `${thrown.message}: ${inner}`;
  }
  if (!(thrown instanceof Error)) return String(thrown);
  const text = thrown.message === "" ? thrown.name : thrown.message;
  if (thrown.cause === undefined) return text;
  const cause = describeError(thrown.cause);
  return text.includes(cause) ? text : `${text} (${cause})`;
}
