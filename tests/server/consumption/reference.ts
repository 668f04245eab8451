import fc from "fast-check";
import type { Reading } from "./site.ts";

export const MINUTE = 60_000;

/** About changes of the clocks, the turn of a month, and half an hour beside UTC. */
export const ZONES: [zone: string, center: string][] = [
  ["Europe/Copenhagen", "2026-03-29T01:00:00Z"],
  ["Europe/Copenhagen", "2026-10-25T01:00:00Z"],
  ["Asia/Kolkata", "2026-03-31T18:30:00Z"],
  ["Australia/Lord_Howe", "2026-04-04T15:00:00Z"],
];

/** Some days of readings around an instant, in any order; values fall now and then, and go over a dial of five digits. */
export function readingsAround(center: number): fc.Arbitrary<Reading[]> {
  const value = fc.oneof(fc.integer({ min: 0, max: 2000 }), fc.integer({ min: 89_000, max: 99_999 }));
  const minute = fc.integer({ min: -60 * 24, max: 60 * 24 });
  const reading = fc.record({
    series: fc.constant("1"),
    time: minute.map((minute) => center + 2 * minute * MINUTE),
    value: value.map(String),
  });
  return fc.uniqueArray(reading, { selector: ({ time }) => time, minLength: 1, maxLength: 25 });
}

/** What is consumed in an hour or a day, as {@linkcode referencePeriods} has it. */
export interface ReferencePeriod {
  start: string;
  amount: string;
}

/**
 * Consumption the slow and obvious way: for each edge of a period all readings from the first on are walked through, in
 * millionths, with `Intl` for the calendar. For whole values of a dial with five digits.
 */
export function referencePeriods(
  readings: Reading[],
  timeZone: string,
  unit: "hour" | "day" | "month",
): ReferencePeriod[] {
  const newest = new Map<number, bigint>();
  for (const { time, value } of readings) newest.set(Number(time), BigInt(value));
  const sorted = [...newest].sort(([a], [b]) => a - b);
  if (sorted.length < 2) return [];
  const [first, last] = [sorted[0]?.[0] ?? 0, sorted.at(-1)?.[0] ?? 0];
  const periods: ReferencePeriod[] = [];
  const edges = edgesOf(first, last, timeZone, unit);
  for (const [index, start] of edges.slice(0, -1).entries()) {
    const millionths = consumedUntil(sorted, edges[index + 1] as number) - consumedUntil(sorted, start);
    periods.push({ start: new Date(start).toISOString(), amount: text(millionths) });
  }
  return periods;
}

/** In millionths, since the first reading. */
function consumedUntil(sorted: [number, bigint][], instant: number): bigint {
  let total = 0n;
  for (const [index, [time, value]] of sorted.slice(1).entries()) {
    const [timeBefore, valueBefore] = sorted[index] as [number, bigint];
    const consumed = step(valueBefore, value) * 1_000_000n;
    if (time <= instant) total += consumed;
    else if (timeBefore < instant) {
      total += rounded(consumed * BigInt(instant - timeBefore), BigInt(time - timeBefore));
    }
  }
  return total;
}

function step(before: bigint, value: bigint): bigint {
  if (value >= before) return value - before;
  if (before >= 90_000n && value <= 10_000n) return value + 100_000n - before;
  return value * 10n < before * 9n ? value : value - before;
}

/** Halves away from zero. */
function rounded(numerator: bigint, denominator: bigint): bigint {
  if (numerator < 0n) return -rounded(-numerator, denominator);
  return numerator / denominator + (numerator % denominator * 2n >= denominator ? 1n : 0n);
}

/** Every quarter of an hour is looked at: an edge is where the clock shows a full hour, or another day or month. */
function edgesOf(first: number, last: number, timeZone: string, unit: "hour" | "day" | "month"): number[] {
  const quarter = 15 * 60_000;
  const clock = new Intl.DateTimeFormat("en-CA", {
    ...{ timeZone, year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit" },
    hourCycle: "h23",
  });
  const isEdge = (at: number) => {
    const [now, before] = [clock.format(at), clock.format(at - quarter)];
    if (unit === "hour") return now.endsWith(":00");
    const length = unit === "day" ? "2026-01-31".length : "2026-01".length;
    return now.slice(0, length) !== before.slice(0, length);
  };
  const edges: number[] = [];
  let at = Math.floor(first / quarter) * quarter;
  while (!isEdge(at)) at -= quarter;
  for (; edges.length === 0 || (edges.at(-1) ?? 0) < last; at += quarter) if (isEdge(at)) edges.push(at);
  return edges;
}

function text(millionths: bigint): string {
  if (millionths < 0n) return `-${text(-millionths)}`;
  const digits = millionths.toString().padStart(7, "0");
  const fraction = digits.slice(-6).replace(/0+$/, "");
  return digits.slice(0, -6) + (fraction === "" ? "" : `.${fraction}`);
}
