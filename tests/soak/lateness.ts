import { idleMs } from "../../gateway/link_timing.ts";

/** How long what could be said on a line was not said. All in milliseconds of the line's time. */
export interface Lateness {
  /** A request begins. @param quietSince when the line last carried something. */
  onRequest(now: number, quietSince: number): void;
  /** The rounds that have begun. */
  readonly rounds: number;
  /** The longest that a request was put off which the line was free for. */
  readonly longestMs: number;
  /** The most that a round's requests were put off together: so late was its last meter because of the gateway. */
  readonly roundMs: number;
}

/**
 * Holds the requests on a line against a timetable of rounds. The first of a round could begin at its slot, each further
 * one once the line has been idle for as long as the standard wants after what was said before. What comes later than
 * that is the gateway's doing. A round that is left out makes the next one late by an interval.
 *
 * @param slotOf when the round of this number, from 0, is due.
 */
export function lateness(slotOf: (round: number) => number, baudRate: number): Lateness {
  const found = { rounds: 0, longestMs: 0, roundMs: 0 };
  let inRound = 0;
  let next = slotOf(0);
  return {
    onRequest(now, quietSince) {
      let couldBegin = quietSince + idleMs(baudRate);
      if (now >= next) {
        couldBegin = Math.max(next, couldBegin);
        next = slotOf(++found.rounds);
        inRound = 0;
      }
      const late = Math.max(0, now - couldBegin);
      inRound += late;
      found.longestMs = Math.max(found.longestMs, late);
      found.roundMs = Math.max(found.roundMs, inRound);
    },
    get rounds() {
      return found.rounds;
    },
    get longestMs() {
      return found.longestMs;
    },
    get roundMs() {
      return found.roundMs;
    },
  };
}
