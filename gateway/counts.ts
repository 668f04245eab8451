/**
 * What a process has done since it started, as its heartbeats tell it (`counts` of the wire's heartbeat).
 *
 * - `taken`: readouts whose commit to the spool returned; only `Spool.put` counts them.
 * - `failed`: attempts to read a meter that gave nothing usable; the reading loop counts them.
 * - `sent`: messages that the broker acknowledged (PUBACK); only the delivery counts them.
 * - `held`: readouts that a server confirmed and the spool let go of; only the delivery counts them.
 */
export type CountName = "taken" | "failed" | "sent" | "held";

/** Counters that only rise. */
export interface Counts {
  /** Adds after the fact, never before it: a count is a statement about what has happened. */
  add(name: CountName, by?: number): void;
  /** One attempt failed, for a reason that has a name, such as the code of a `MeterError`: one more of `failed`. */
  fail(reason: string): void;
  /** A copy of all four. */
  read(): Record<CountName, number>;
  /** How many failed by reason; `other` are those of which no reason was said. */
  failures(): Record<string, number>;
}

/**
 * Counters at zero.
 *
 * @example
 * ```ts
 * import { createCounts } from "./counts.ts";
 * const counts = createCounts();
 * counts.add("taken", 3);
 * counts.fail("no_answer");
 * counts.read(); // { taken: 3, failed: 1, sent: 0, held: 0 }
 * counts.failures(); // { no_answer: 1 }
 * ```
 */
export function createCounts(): Counts {
  const counts: Record<CountName, number> = { taken: 0, failed: 0, sent: 0, held: 0 };
  const reasons = new Map<string, number>();
  return {
    add(name, by = 1) {
      if (!Number.isSafeInteger(by) || by < 0) throw new RangeError(`Cannot count ${name}: ${by} is no count`);
      counts[name] += by;
    },
    fail(reason) {
      counts.failed++;
      reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
    },
    read: () => ({ ...counts }),
    failures() {
      const other = counts.failed - [...reasons.values()].reduce((sum, count) => sum + count, 0);
      return { ...Object.fromEntries(reasons), ...(other > 0 && { other }) };
    },
  };
}
