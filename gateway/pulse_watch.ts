import type { Timer } from "./clock.ts";
import type { Pulse } from "./pulse.ts";

/** A part of the program that has not been heard of for longer than it may. */
export interface SilentPart {
  part: string;
  silentMs: number;
}

/** Listens to the pulse of every part that was announced. */
export interface PulseWatch extends Pulse {
  /** From now on the part must be heard of at least each `limitMs`. Disposing it takes the part off: it has ended. */
  expect(part: string, limitMs: number): Disposable;
  /** Who hangs. */
  silent(): SilentPart[];
}

/** A watch that expects nobody yet; the beats of those that were not announced are passed over. */
export function pulseWatch(timer: Timer): PulseWatch {
  const parts = new Map<string, { limitMs: number; lastAt: number }>();
  return {
    expect(part, limitMs) {
      parts.set(part, { limitMs, lastAt: timer.elapsed() });
      return { [Symbol.dispose]: () => void parts.delete(part) };
    },
    beat(part) {
      const known = parts.get(part);
      if (known !== undefined) known.lastAt = timer.elapsed();
    },
    silent() {
      const now = timer.elapsed();
      return [...parts]
        .map(([part, { limitMs, lastAt }]) => ({ part, silentMs: now - lastAt, limitMs }))
        .filter(({ silentMs, limitMs }) => silentMs > limitMs)
        .map(({ part, silentMs }) => ({ part, silentMs }));
    },
  };
}
