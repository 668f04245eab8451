import { simulatedMeters } from "../simulator/meters.ts";
import { encodeAnswer } from "../simulator/telegram.ts";

/** The frames of one answer of each of `count` simulated meters, at one instant. */
export function simulatedFrames(count: number, { now = Date.UTC(2026, 0, 31, 12), counter = 1 } = {}): Uint8Array[] {
  return simulatedMeters(count, { now }).flatMap((meter, index) =>
    encodeAnswer(meter.identity, meter.answer(now, counter + index))
  );
}
