import type { Timer } from "./clock.ts";

/** A signal that aborts when the time is up; releasing it stops the time. */
export interface TimeLimit extends Disposable {
  readonly signal: AbortSignal;
}

/**
 * A time limit. `AbortSignal.timeout` cannot be taken back and counts on the computer's own time.
 *
 * @param from the limit counts from this signal's abort; from now when absent.
 *
 * @example
 * ```ts
 * import { systemTimer } from "./clock.ts";
 * import { timeLimit } from "./time_limit.ts";
 * using limit = timeLimit(5_000, systemTimer);
 * limit.signal.aborted; // false
 * ```
 */
export function timeLimit(ms: number, timer: Timer, { from }: { from?: AbortSignal } = {}): TimeLimit {
  const up = new AbortController();
  const released = new AbortController();
  const begin = () => {
    timer.sleep(ms, released.signal).then(
      () => up.abort(new DOMException(`The time of ${ms / 1000} s is up`, "TimeoutError")),
      () => {}, // released before
    );
  };
  if (from === undefined || from.aborted) begin();
  else from.addEventListener("abort", begin, { once: true, signal: released.signal });
  return { signal: up.signal, [Symbol.dispose]: () => released.abort() };
}
