import type { Retention } from "./db/retention.ts";
import { Expected, type Problems } from "./config_values.ts";

/** How messages are taken in; see `ingest/lanes.ts`. */
export interface IngestConfig {
  lanes: number;
  batch: { messages: number; bytes: number; ageMs: number };
}

/** What ingest's variables say. */
export function readIngest(problems: Problems): IngestConfig {
  return {
    lanes: problems.read("INGEST_LANES", 2, wholeNumber(1, 16)),
    batch: {
      messages: problems.read("INGEST_BATCH_MESSAGES", 200, wholeNumber(1, 10_000)),
      bytes: problems.read("INGEST_BATCH_BYTES", 256 * 1024, wholeNumber(1024, 16 * 1024 * 1024)),
      ageMs: problems.read("INGEST_BATCH_AGE_MS", 20, wholeNumber(0, 10_000)),
    },
  };
}

/** A gateway may send what its spool kept for a year: what it sends again must still be known then. */
const SHORTEST_TELEGRAM_DAYS = 366;

/** What the variables of retention say. */
export function readRetention(problems: Problems): Retention {
  return {
    telegramDays: problems.read("RETENTION_TELEGRAMS", null, days(SHORTEST_TELEGRAM_DAYS)),
    readingDays: problems.read("RETENTION_READINGS", null, days(31)),
    hourDays: problems.read("RETENTION_HOURS", null, days(31)),
  };
}

/** A number of days, at least one; null: never. */
export function daysOrOff(text: string): number | null {
  return text === "off" ? null : wholeNumber(1, 36_500, "off, or ")(text);
}

/** The name of the group of servers that share the messages: one level of a topic. */
export function shareName(text: string): string {
  if (/^[A-Za-z0-9_-]{1,64}$/.test(text)) return text;
  throw new Expected("1 to 64 letters, digits, underscores or hyphens");
}

function days(shortest: number): (text: string) => number | null {
  return (text) => {
    if (text === "keep") return null;
    const found = /^(\d{1,6})d$/.exec(text)?.[1];
    if (found !== undefined && Number(found) >= shortest) return Number(found);
    throw new Expected(`keep, or a number of days such as 800d, at least ${shortest}d`);
  };
}

export function wholeNumber(least: number, most: number, or = ""): (text: string) => number {
  return (text) => {
    const value = /^\d{1,9}$/.test(text) ? Number(text) : NaN;
    if (value >= least && value <= most) return value;
    throw new Expected(`${or}a whole number from ${least} to ${most}`);
  };
}
