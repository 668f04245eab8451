type Value = string | number | boolean | null;

/**
 * A PostgreSQL array literal of texts, for `${arrayLiteral(values)}::text::text[]`: the cheapest way into `unnest`, and
 * free of postgres.js' guess of the type from the first element. Only a backslash and a quote need escaping inside the
 * quotes; NUL, which no PostgreSQL text can hold, becomes U+FFFD.
 *
 * @example
 * ```ts
 * import { arrayLiteral } from "./array_literal.ts";
 * arrayLiteral(["a", null, 'say "hi"', 3]); // {"a",NULL,"say \"hi\"","3"}
 * ```
 */
export function arrayLiteral(values: Iterable<Value>): string {
  let literal = "{";
  let separator = "";
  for (const value of values) {
    literal += separator + (value === null ? "NULL" : quoted(value));
    separator = ",";
  }
  return literal + "}";
}

/**
 * The same for what needs no quotes because of what it is: numbers, decimals as text, instants, UUIDs, booleans. Shorter
 * to make, to send and to read.
 *
 * @example
 * ```ts
 * import { bareLiteral } from "./array_literal.ts";
 * bareLiteral([1, null, "12.5", "2026-01-31T11:59:58.123Z"]); // {1,NULL,12.5,2026-01-31T11:59:58.123Z}
 * ```
 */
export function bareLiteral(values: Iterable<Value>): string {
  let literal = "{";
  let separator = "";
  for (const value of values) {
    literal += separator + (value ?? "NULL");
    separator = ",";
  }
  return literal + "}";
}

/** The same for bytes, for `::text::bytea[]`. */
export function bytesLiteral(values: Iterable<Uint8Array | null>): string {
  let literal = "{";
  let separator = "";
  for (const value of values) {
    literal += separator + (value === null ? "NULL" : `"\\\\x${value.toHex()}"`);
    separator = ",";
  }
  return literal + "}";
}

function quoted(value: string | number | boolean): string {
  const text = String(value);
  return /["\\\0]/.test(text) ? `"${text.replace(/["\\]/g, "\\$&").replaceAll("\0", "\ufffd")}"` : `"${text}"`;
}
