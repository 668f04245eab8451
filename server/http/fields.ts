import * as v from "valibot";

/** A row's id as text: 64 bits do not fit a JSON number. */
export const RowId = v.pipe(v.string(), v.regex(/^[1-9]\d{0,17}$/, "expected an id, a positive integer"));

/** A moment with its offset from UTC, or a date for its beginning in UTC; comes out as UTC with milliseconds. */
export const Moment = v.pipe(
  v.string(),
  v.regex(
    /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:\d{2}))?$/,
    "expected a time such as 2026-01-31T12:00:00Z, or a date",
  ),
  v.check((text) => !Number.isNaN(Date.parse(text)), "there is no such time"),
  v.transform((text) => new Date(text).toISOString()),
);

/** A calendar date. */
export const Day = v.pipe(
  v.string(),
  v.regex(/^\d{4}-\d{2}-\d{2}$/, "expected a date such as 2026-01-31"),
  v.check((text) => !Number.isNaN(Date.parse(text)) && new Date(text).toISOString().startsWith(text), "no such date"),
);

/** How many rows an answer may have. */
export function Limit(standard: number, most: number) {
  const expected = `expected an integer from 1 to ${most}`;
  return v.optional(
    v.pipe(
      v.string(),
      v.regex(/^[1-9]\d{0,8}$/, expected),
      v.transform(Number),
      v.maxValue(most, expected),
    ),
    String(standard),
  );
}

/** A text that a person wrote: something, on one line, not without end. */
export function Text(most: number) {
  return v.pipe(
    v.string(),
    v.trim(),
    v.minLength(1, "expected a text, it is empty"),
    v.maxLength(most, `expected at most ${most} characters`),
    // deno-lint-ignore no-control-regex
    v.regex(/^[^\x00-\x1f\x7f]*$/, "expected one line of text"),
  );
}
