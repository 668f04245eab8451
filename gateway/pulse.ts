import type { Timer } from "./clock.ts";

/** Hears from each part of the program that it lives. Whoever falls silent hangs. */
export interface Pulse {
  /** Called at each turn of a part's loop, such as `bus main`. */
  beat(part: string): void;
}

/** The timer of a part that is alive while it waits: its sleep beats at least each `everyMs`. */
export function beatingTimer(timer: Timer, beat: () => void, everyMs: number): Timer {
  return {
    elapsed: () => timer.elapsed(),
    async sleep(ms, signal) {
      const end = timer.elapsed() + ms;
      for (let left = ms; left > 0; left = end - timer.elapsed()) {
        beat();
        await timer.sleep(Math.min(left, everyMs), signal);
      }
    },
  };
}
