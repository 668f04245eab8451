import type { BusLine } from "./bus_line.ts";
import type { TransportClosed } from "./byte_stream.ts";

/** How a long job on a bus lets the scheduled reading pass. */
export interface Passage {
  /** Whether reading waits for the line. */
  isWanted(): boolean;
  /**
   * Gives the line away until reading has passed.
   *
   * @throws the reason of the job's signal when it has aborted meanwhile, {@linkcode TransportClosed} when the line broke.
   */
  give(): Promise<void>;
}

/** For a job that has its line to itself: nobody wants to pass. */
export const NOBODY_PASSES: Passage = { isWanted: () => false, give: () => Promise.resolve() };

/** The reading that passes a long job. */
export interface PassingReading {
  /** Whether a meter is due. */
  isDue(): boolean;
  /** Reads those that are due. */
  pass(line: BusLine): Promise<void>;
}

/** For a bus that nothing is read on by schedule. */
export const NO_READING: PassingReading = { isDue: () => false, pass: () => Promise.resolve() };

/**
 * A line that a job lends and wants back as it is: a doubt about it drops nothing, for the job is in the middle of
 * talking on it; only when it has broken is there nothing left to give back.
 *
 * @param onBroken hears why, before the line is dropped.
 */
export function lentLine(line: BusLine, onBroken: (reason: TransportClosed) => void): BusLine {
  return {
    master: () => line.master(),
    async drop(reason) {
      if (reason === undefined) return;
      onBroken(reason);
      await line.drop(reason);
    },
    works: () => line.works(),
    [Symbol.asyncDispose]: () => Promise.resolve(), // its owner's
  };
}
