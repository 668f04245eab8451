import { abortable } from "./abortable.ts";

/** Options of {@linkcode deadline}. */
export interface DeadlineOptions {
  /** Ends the wait before the deadline. */
  signal?: AbortSignal;
}

/** The most milliseconds a timer can hold; a longer deadline is none. */
const LONGEST = 2 ** 31 - 1;

/**
 * The promise, or after `ms` milliseconds a rejection with a `TimeoutError` (a DOMException). What the promise stands
 * for goes on: hand its maker a signal where it should end.
 */
export async function deadline<T>(
  p: Promise<T>,
  ms: number,
  options: DeadlineOptions = {},
): Promise<T> {
  const controller = new AbortController();
  const timer = ms > LONGEST ? undefined : setTimeout(
    () => controller.abort(new DOMException("Signal timed out.", "TimeoutError")),
    ms,
  );
  const signals = options.signal === undefined ? [controller.signal] : [controller.signal, options.signal];
  try {
    return await abortable(p, AbortSignal.any(signals));
  } finally {
    clearTimeout(timer);
  }
}
