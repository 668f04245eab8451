/**
 * A PostgreSQL array literal of texts, for `${arrayLiteral(values)}::text::numeric[]`: the cheapest way into `unnest`,
 * and free of postgres.js' guess of the type from the first element. Only a backslash and a quote need escaping inside
 * the quotes; NUL, which no PostgreSQL text can hold, becomes U+FFFD.
 *
 * @example
 * ```ts
 * import { arrayLiteral } from "./array_literal.ts";
 * arrayLiteral(["a", null, 'say "hi"', 3]); // {"a",NULL,"say \"hi\"","3"}
 * ```
 */
export function arrayLiteral(values: Iterable<string | number | boolean | null>): string {
  let literal = "{";
  let separator = "";
  for (const value of values) {
    literal += separator + (value === null ? "NULL" : quoted(value));
    separator = ",";
  }
  return literal + "}";
}

function quoted(value: string | number | boolean): string {
  const text = String(value);
  return /["\\\0]/.test(text) ? `"${text.replace(/["\\]/g, "\\$&").replaceAll("\0", "\ufffd")}"` : `"${text}"`;
}
