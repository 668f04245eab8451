/** Lets at most so many hold a place at once; the others wait in the order they came. */
export interface Semaphore {
  /** A place, given back by its disposal. Rejects with the signal's reason when it aborts before. */
  acquire(signal?: AbortSignal): Promise<Disposable>;
}

/**
 * @example
 * ```ts
 * import { semaphore } from "@mbus-gateway/resource";
 * const two = semaphore(2);
 * using _place = await two.acquire();
 * ```
 */
export function semaphore(places: number): Semaphore {
  let free = places;
  const waiting = new Set<() => void>();
  const release = () => {
    const [next] = waiting;
    if (next === undefined) free += 1;
    else next();
  };
  const place = (): Disposable => {
    let held = true;
    return {
      [Symbol.dispose]() {
        if (held) release();
        held = false;
      },
    };
  };
  return {
    acquire(signal) {
      if (signal?.aborted) return Promise.reject(signal.reason);
      if (free > 0) {
        free -= 1;
        return Promise.resolve(place());
      }
      return new Promise((resolve, reject) => {
        const stop = () => {
          waiting.delete(enter);
          reject(signal?.reason);
        };
        const enter = () => {
          waiting.delete(enter);
          signal?.removeEventListener("abort", stop);
          resolve(place());
        };
        signal?.addEventListener("abort", stop, { once: true });
        waiting.add(enter);
      });
    },
  };
}
