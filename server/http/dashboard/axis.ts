import type { TimeStyle } from "./moment.tsx";

/** Round marks along an axis. */
export interface ValueAxis {
  low: number;
  high: number;
  ticks: { value: number; label: string }[];
}

/** A range that holds the values and ends at round marks, about four of them; from zero where that is honest. */
export function valueAxis(values: readonly number[], fromZero: boolean): ValueAxis {
  let low = Math.min(...values);
  let high = Math.max(...values);
  if (fromZero) low = Math.min(low, 0);
  if (low === high) {
    const room = low === 0 ? 1 : Math.abs(low) * 0.05;
    if (!fromZero || low < 0) low -= room;
    high += room;
  }
  const step = roundStep((high - low) / 4);
  low = Math.floor(low / step + 1e-9) * step;
  high = Math.ceil(high / step - 1e-9) * step;
  const places = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  const count = Math.round((high - low) / step);
  const ticks = Array.from({ length: count + 1 }, (_, index) => {
    const value = low + index * step;
    const label = value.toFixed(Math.min(places, 20));
    return { value, label: Number(label) === 0 ? label.replace("-", "") : label };
  });
  return { low, high, ticks };
}

/** 1, 2 or 5 times a power of ten, at least as large. */
function roundStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least));
  const factor = [1, 2, 5, 10].find((factor) => factor * power >= least * (1 - 1e-9)) ?? 10;
  return factor * power;
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

// deno-fmt-ignore
const TIME_STEPS = [
  SECOND, 2 * SECOND, 5 * SECOND, 10 * SECOND, 15 * SECOND, 30 * SECOND,
  MINUTE, 2 * MINUTE, 5 * MINUTE, 10 * MINUTE, 15 * MINUTE, 30 * MINUTE,
  HOUR, 2 * HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR,
  DAY, 2 * DAY, 7 * DAY, 14 * DAY, 30 * DAY, 60 * DAY, 120 * DAY, 365 * DAY,
];

/** Round times between two, at most five, and how they are written. */
export function timeTicks(from: number, to: number): { times: number[]; style: TimeStyle } {
  const step = TIME_STEPS.find((step) => (to - from) / step <= 4) ?? (to - from) / 4;
  const times: number[] = [];
  for (let time = Math.ceil(from / step) * step; time <= to; time += step) times.push(time);
  return { times, style: step >= DAY ? "day" : step >= MINUTE ? "minutes" : "seconds" };
}
