/** Work that goes on beside other work; its disposal aborts it and waits for its end. */
export interface Background extends AsyncDisposable {
  /** Rejects when the work failed by itself; never settles otherwise. */
  readonly failed: Promise<never>;
}

/**
 * Starts work in the background.
 *
 * @param work ends when its signal aborts.
 *
 * @example
 * ```ts
 * import { background } from "./background.ts";
 * await using ticking = background(async (signal) => {
 *   await new Promise((resolve) => signal.addEventListener("abort", resolve));
 * });
 * ```
 */
export function background(work: (signal: AbortSignal) => Promise<void>): Background {
  const controller = new AbortController();
  const failed = Promise.withResolvers<never>();
  failed.promise.catch(() => {}); // whoever waits for it hears of it
  const ended = work(controller.signal).catch((error) => {
    if (!controller.signal.aborted) failed.reject(error);
  });
  return {
    failed: failed.promise,
    async [Symbol.asyncDispose]() {
      controller.abort(new DOMException("The server was asked to stop", "AbortError"));
      await ended;
    },
  };
}
