import { firstOfMonth } from "./meter_clock.ts";
import type { Measured, MeterKind } from "./meter_kind.ts";
import type { Noise } from "./noise.ts";

/** What a meter remembers; kept over restarts. Values in base units, times in ms since 1970. */
export interface MeterState {
  at: number;
  /** The first moment of the month whose start `due` belongs to. */
  month: number;
  accessNumber: number;
  counters: Record<string, number>;
  /** The counters as they stood when the month began. */
  due: Record<string, number>;
  /** The highest of each momentary value since then. */
  maxima: Record<string, number>;
  /** What its clock is ahead of the simulator's since somebody set it; behind, where negative. */
  clockAheadMs?: number;
  /** The primary address and the speed that it was given. */
  primaryAddress?: number;
  baudRate?: number;
}

/** Within one cell of time the rates stay what they are in its middle: so sums do not depend on when one asks. */
const CELL_MS = 10_000;
const LONG_CELL_MS = 3_600_000;

/** The state of a meter that has been in use for some years. */
export function newState(kind: MeterKind, noise: Noise, now: number): MeterState {
  const age = 0.4 + noise.fixed("age");
  const scaled = (factor: number) =>
    Object.fromEntries(Object.entries(kind.initial).map(([name, value]) => [name, value * age * factor]));
  return {
    at: now,
    month: firstOfMonth(now),
    accessNumber: Math.floor(256 * noise.fixed("access")),
    counters: scaled(1),
    due: scaled(0.98),
    maxima: {},
  };
}

/** Lets time pass until `now`. A clock set back stops a counter; it does not turn it back. */
export function advance(state: MeterState, kind: MeterKind, noise: Noise, now: number): Measured {
  while (state.at < now) {
    const cell = now - state.at > 24 * LONG_CELL_MS ? LONG_CELL_MS : CELL_MS;
    const start = Math.floor(state.at / cell) * cell;
    const until = Math.min(start + cell, now);
    const measured = kind.measure(start + cell / 2, noise);
    for (const [name, perHour] of Object.entries(kind.counters)) {
      state.counters[name] = (state.counters[name] ?? 0) + (perHour(measured) * (until - state.at)) / 3_600_000;
    }
    remember(state, until, measured);
    state.at = until;
  }
  const measured = kind.measure(state.at, noise);
  remember(state, state.at, measured);
  return measured;
}

function remember(state: MeterState, at: number, measured: Measured) {
  if (firstOfMonth(at) !== state.month) {
    state.month = firstOfMonth(at);
    state.due = { ...state.counters };
    state.maxima = {};
  }
  for (const [name, value] of Object.entries(measured)) {
    state.maxima[name] = Math.max(state.maxima[name] ?? value, value);
  }
}
