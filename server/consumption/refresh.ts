import { type Database, ingestTransaction } from "../db/mod.ts";
import { type Knowledge, NO_KNOWLEDGE } from "../meter_keys/knowledge.ts";
import { takeChanges } from "./changes.ts";
import { reckon } from "./reckon.ts";

/** Held by whoever reckons or closes a billing period, until the end of its transaction. */
export const CONSUMPTION_LOCK = [6410334, 1] as const;

/**
 * Reckons what noted changes of readings and placements touch, a part in each transaction, until nothing is left or the
 * signal aborts. Whoever comes first does it; another server that finds it at work leaves it alone.
 *
 * @returns how many stretches of counters were reckoned.
 */
export async function refreshConsumption({ database, knowledge = NO_KNOWLEDGE, signal }: {
  database: Database;
  /** Opens the telegrams that tell how long a counter's dial is. */
  knowledge?: Knowledge;
  signal?: AbortSignal;
}): Promise<number> {
  let reckoned = 0;
  while (!signal?.aborted) {
    const { changes, taken } = await ingestTransaction(database, async (tx) => {
      const [lock] = await tx<{ held: boolean }[]>`
        select pg_try_advisory_xact_lock(${CONSUMPTION_LOCK[0]}, ${CONSUMPTION_LOCK[1]}) as held`;
      if (!lock?.held) return { changes: [], taken: 0 };
      const part = await takeChanges(tx);
      await reckon(tx, part.changes, knowledge);
      return part;
    });
    if (taken === 0) break;
    reckoned += changes.length;
  }
  return reckoned;
}
