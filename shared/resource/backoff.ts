/** Says how long to wait before the next attempt. */
export interface Backoff {
  /** Milliseconds to wait now; the longest possible wait doubles with each call. */
  next(): number;
  /** Begins anew: after a success. */
  reset(): void;
}

/**
 * Exponential backoff with full jitter: evenly between 0 and a bound that doubles from `baseMs` up to `maxMs`, so that
 * many gateways which lost the same broker do not come back in step.
 *
 * @example
 * ```ts
 * import { fullJitterBackoff } from "@mbus-gateway/resource";
 * const backoff = fullJitterBackoff({ baseMs: 1000, maxMs: 60_000, random: () => 0.5 });
 * [backoff.next(), backoff.next(), backoff.next()]; // [500, 1000, 2000]
 * ```
 */
export function fullJitterBackoff(
  options: { baseMs?: number; maxMs?: number; random?: () => number } = {},
): Backoff {
  const { baseMs = 1000, maxMs = 60_000, random = Math.random } = options;
  let bound = baseMs;
  return {
    next() {
      const wait = Math.round(random() * Math.min(bound, maxMs));
      bound = Math.min(bound * 2, maxMs);
      return wait;
    },
    reset() {
      bound = baseMs;
    },
  };
}
