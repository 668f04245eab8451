/** Options of {@linkcode delay}. */
export interface DelayOptions {
  /** Ends the wait. */
  signal?: AbortSignal;
  /** Whether the wait keeps the process alive. Default `true`. */
  persistent?: boolean;
}

/** Resolves after `ms` milliseconds; rejects with the signal's reason when it aborts. */
export function delay(
  ms: number,
  { signal, persistent = true }: DelayOptions = {},
): Promise<void> {
  if (signal?.aborted) return Promise.reject(signal.reason);
  return new Promise((resolve, reject) => {
    const abort = () => {
      clearTimeout(id);
      reject(signal?.reason);
    };
    const id = setTimeout(() => {
      signal?.removeEventListener("abort", abort);
      resolve();
    }, ms);
    signal?.addEventListener("abort", abort, { once: true });
    if (!persistent) Deno.unrefTimer(id as unknown as number);
  });
}
