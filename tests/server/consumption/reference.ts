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

/**
 * Some days of readings around an instant, in any order; values fall now and then, and go over a dial of five digits; of
 * some the gateway noted a jump.
 */
export function readingsAround(center: number): fc.Arbitrary<Reading[]> {
  const value = fc.oneof(fc.integer({ min: 0, max: 2000 }), fc.integer({ min: 89_000, max: 99_999 }));
  const minute = fc.integer({ min: -60 * 24, max: 60 * 24 });
  const reading = fc.record({
    series: fc.constant("1"),
    time: minute.map((minute) => center + 2 * minute * MINUTE),
    value: value.map(String),
    jumped: fc.boolean(),
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
 *
 * @param stay while the meter was in the place asked for, in milliseconds; always by default.
 */
export function referencePeriods(
  readings: Reading[],
  timeZone: string,
  unit: "hour" | "day" | "month",
  stay = { from: -Infinity, to: Infinity },
): ReferencePeriod[] {
  const newest = new Map<number, Seen>();
  for (const { time, value, jumped = false } of readings) {
    const before = newest.get(Number(time));
    if (before?.value !== BigInt(value)) newest.set(Number(time), { time: Number(time), value: BigInt(value), jumped });
  }
  const sorted = believed([...newest.values()].sort((a, b) => a.time - b.time));
  if (sorted.length < 2) return [];
  const [first, last] = [sorted[0]?.[0] ?? 0, sorted.at(-1)?.[0] ?? 0];
  const periods: ReferencePeriod[] = [];
  const edges = edgesOf(first, last, timeZone, unit);
  for (const [index, start] of edges.slice(0, -1).entries()) {
    const [from, to] = [Math.max(start, stay.from), Math.min(edges[index + 1] as number, stay.to)];
    if (from >= to || to <= first || from >= last) continue;
    const millionths = consumedUntil(sorted, to) - consumedUntil(sorted, from);
    periods.push({ start: new Date(start).toISOString(), amount: text(millionths) });
  }
  return periods;
}

interface Seen {
  time: number;
  value: bigint;
  jumped: boolean;
}

/**
 * The readings that count. Where one to four in a row had jumped, each is held against the last that counts and the next
 * that had not jumped: if the counter never fell between those two, what lies outside of them was an error. Where no other
 * came since, the last of them stands for it, and does not count yet.
 */
function believed(seen: Seen[]): [number, bigint][] {
  const counting: Seen[] = [];
  for (const [index, one] of seen.entries()) {
    const sober = seen.findIndex(({ jumped }, at) => at > index && !jumped);
    const end = sober < 0 ? seen.length : sober;
    const start = seen.findLastIndex(({ jumped }, at) => at < index && !jumped) + 1;
    const low = counting.at(-1)?.value;
    const high = (seen[end] ?? seen[end - 1])?.value ?? 0n;
    const isAlone = low === undefined;
    if (!one.jumped || isAlone || end - start > 4) counting.push(one);
    else if (sober < 0 && index === end - 1) continue;
    else if (high < low || (one.value >= low && one.value <= high)) counting.push(one);
  }
  return counting.map(({ time, value }) => [time, value]);
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
