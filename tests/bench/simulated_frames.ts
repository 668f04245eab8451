import { simulatedMeters } from "../simulator/meters.ts";
import { encodeAnswer } from "../simulator/telegram.ts";

/** One answer of each of `count` simulated meters at one instant, each the frames of its telegrams. */
export function simulatedAnswers(count: number, { now = Date.UTC(2026, 0, 31, 12), counter = 1 } = {}): Uint8Array[][] {
  return simulatedMeters(count, { now }).map((meter, index) =>
    encodeAnswer(meter.identity, meter.answer(now, counter + index))
  );
}

/** The frames of these answers, one after the other. */
export function simulatedFrames(count: number, when: { now?: number; counter?: number } = {}): Uint8Array[] {
  return simulatedAnswers(count, when).flat();
}
