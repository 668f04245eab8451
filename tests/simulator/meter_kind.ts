import type { Noise } from "./noise.ts";
import type { Row } from "./register.ts";

/** What a meter measures at one moment, in base units; all of it from the same physics, so that it fits together. */
export type Measured = Record<string, number>;

/** A kind of meter: its tables and its physics, as data. */
export interface MeterKind {
  name: string;
  /** Device type of the header (EN 13757-3, 5.7). */
  deviceTypeCode: number;
  version: number;
  /** The telegrams of one answer in order; each but the last ends with DIF 1F. */
  telegrams: readonly (readonly Row[])[];
  /** Momentary values; a pure function, so that a counter is their sum whoever asks and whenever. */
  measure(timeMs: number, noise: Noise): Measured;
  /** For each counter its growth per hour, in base units, never negative. */
  counters: Record<string, (measured: Measured) => number>;
  /** What a counter of a meter in use for some years shows, in base units. */
  initial: Record<string, number>;
}
