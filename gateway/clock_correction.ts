import type { Clock, Timer } from "./clock.ts";

/** Readouts in a row that were taken under one and the same wrong idea of the time. */
export interface UntrustedSpan {
  first: number;
  last: number;
  /** How much to add to their times. */
  shiftMs: number;
}

/** What is known, and what is still to come, of readouts whose time was not trusted when they were taken. */
export interface ClockCorrection {
  /** Says that a readout was taken just now under an untrusted clock. */
  note(seq: number): void;
  /** The first readout that waits for its correction, so that it is not sent yet; null when none does. */
  heldFrom(): number | null;
  /** The next readouts to correct, once the clock is trusted; null before, and when none is left. */
  next(): UntrustedSpan | null;
  /** The readouts up to this one are corrected. */
  done(last: number): void;
  /** Forgets all: their numbers are no more. */
  clear(): void;
}

/** For so long readouts of an untrusted time wait for the true one; then they are sent as they are. */
export const HOLD_MS = 86_400_000;
/** Two clocks that differ by less run alike: a disciplined clock is slewed by less than this in a day. */
const SAME_MS = 1_000;

interface Span {
  first: number;
  last: number;
  /** What the clock said beyond the monotonic timer. */
  offsetMs: number;
  /** On the monotonic timer. */
  since: number;
}

/**
 * Corrects times by the monotonic timer: what the clock is found to be ahead of the timer now, once it is trusted, it
 * should have been ahead of it then. This holds for the readouts of this process, whose timer it is; those of an
 * earlier start stay as they are, marked as untrusted.
 */
export function clockCorrection(clock: Clock, timer: Timer): ClockCorrection {
  let spans: Span[] = [];
  const offset = () => clock.now().getTime() - timer.elapsed();
  return {
    note(seq) {
      const offsetMs = offset();
      const last = spans.at(-1);
      if (last !== undefined && Math.abs(last.offsetMs - offsetMs) < SAME_MS) last.last = seq;
      else spans.push({ first: seq, last: seq, offsetMs, since: timer.elapsed() });
    },
    heldFrom() {
      const first = spans[0];
      return first === undefined || timer.elapsed() - first.since >= HOLD_MS ? null : first.first;
    },
    next() {
      const [span] = spans;
      if (span === undefined || !clock.trusted()) return null;
      return { first: span.first, last: span.last, shiftMs: Math.round(offset() - span.offsetMs) };
    },
    done(last) {
      spans = spans.filter((span) => span.last > last);
      const [span] = spans;
      if (span !== undefined) span.first = Math.max(span.first, last + 1);
    },
    clear: () => void (spans = []),
  };
}
