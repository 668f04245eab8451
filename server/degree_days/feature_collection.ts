import * as v from "valibot";
import { NumberLiteral, parseExactly } from "./exact_json.ts";

/** A day's heating degree days of an area. */
export interface DegreeDay {
  /** The calendar date, "2026-01-31". */
  day: string;
  /** Exact decimal text as DMI wrote it. */
  value: string;
  /** When DMI made this value; a newer one replaces it. ISO 8601 in UTC, microseconds kept. */
  created: string;
}

const Timestamp = v.pipe(
  v.string(),
  v.regex(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:Z|[+-]\d{2}:\d{2})$/, "expected an RFC 3339 time"),
  v.check((text) => !Number.isNaN(Date.parse(text)), "there is no such time"),
);

const FeatureCollection = v.object({
  type: v.literal("FeatureCollection"),
  features: v.pipe(
    v.array(v.object({
      properties: v.object({
        parameterId: v.string(),
        timeResolution: v.literal("day"),
        from: Timestamp,
        to: Timestamp,
        created: Timestamp,
        value: v.pipe(
          v.instance(NumberLiteral, "expected a number"),
          v.transform(({ text }) => text),
          v.regex(/^-?\d{1,9}(?:\.\d{1,30})?(?:[eE][+-]?\d{1,2})?$/, "expected a number of usual size"),
        ),
      }),
    })),
    v.maxLength(300_000),
  ),
  links: v.optional(v.array(v.object({ rel: v.string(), href: v.string() })), []),
});

/** One page of an answer: its days, and the address of the next page as it is written there. */
export interface Page {
  days: DegreeDay[];
  next: string | null;
}

/**
 * Reads a page of DMI's climateData API (OGC API Features, GeoJSON).
 *
 * @throws {Error} "Cannot read degree days: …", naming the field.
 */
export function parseFeatureCollection(text: string, parameter: string): Page {
  const result = v.safeParse(FeatureCollection, parseJson(text), { abortEarly: true });
  if (!result.success) {
    const [issue] = result.issues;
    throw new Error(`Cannot read degree days: ${v.getDotPath(issue) ?? "answer"}: ${issue.message}`);
  }
  const { features, links } = result.output;
  const days = features.map(({ properties }, index): DegreeDay => {
    const { parameterId, from, to, value, created } = properties;
    if (parameterId !== parameter) {
      throw new Error(`Cannot read degree days: features.${index} is ${parameterId}, asked was ${parameter}`);
    }
    return { day: dayBetween(from, to), value, created };
  });
  return { days, next: links.find(({ rel }) => rel === "next")?.href ?? null };
}

function parseJson(text: string): unknown {
  try {
    return parseExactly(text, "value");
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    throw new Error(`Cannot read degree days: the answer is no JSON (${cause.message})`, { cause });
  }
}

const HOUR_MS = 60 * 60 * 1000;

/**
 * DMI's day is the local day of the place, which begins at 22:00 or 23:00 UTC in Denmark and is 23 or 25 hours long
 * twice a year: the UTC date of its middle is its date.
 */
function dayBetween(from: string, to: string): string {
  const first = Date.parse(from);
  const length = Date.parse(to) - first;
  if (length < 22.9 * HOUR_MS || length > 25.1 * HOUR_MS) {
    throw new Error(`Cannot read degree days: ${from} to ${to} is no day`);
  }
  return new Date(first + length / 2).toISOString().slice(0, 10);
}
