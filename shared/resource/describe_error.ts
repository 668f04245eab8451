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
  return describe(thrown, new Set());
}

/** @param outer the errors that this one is part of: one that leads back to itself comes to an end. */
function describe(thrown: unknown, outer: ReadonlySet<unknown>): string {
  if (!(thrown instanceof Error)) return String(thrown);
  const within = new Set(outer).add(thrown);
  const inner = (part: unknown) => within.has(part) ? "itself" : describe(part, within);
  if (thrown instanceof SuppressedError) {
    return `${inner(thrown.suppressed)}; then, while releasing: ${inner(thrown.error)}`;
  }
  if (thrown instanceof AggregateError && thrown.errors.length > 0) {
    const parts = thrown.errors.map(inner).join("; ");
    return thrown.message === "" ? parts : `${thrown.message}: ${parts}`;
  }
  const text = thrown.message === "" ? thrown.name : thrown.message;
  if (thrown.cause === undefined || within.has(thrown.cause)) return text;
  const cause = inner(thrown.cause);
  return text.includes(cause) ? text : `${text} (${cause})`;
}
