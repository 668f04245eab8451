import type { Log } from "@mbus-gateway/resource";
import type { Database } from "./database.ts";
import { transaction } from "./transaction.ts";

/** How long tables keep what they have, in days; null: for ever. */
export interface Retention {
  telegramDays: number | null;
  readingDays: number | null;
}

const DAY_MS = 24 * 60 * 60 * 1000;

/**
 * Drops the months that are over for longer than they are kept: whole partitions, which costs nothing and leaves nothing
 * behind. One server does it, and another finds nothing left to do.
 *
 * @returns the names of the tables that were dropped.
 */
export async function dropExpired(database: Database, retention: Retention, now: Date, log: Log): Promise<string[]> {
  const dropped: string[] = [];
  const kept = [["telegrams", retention.telegramDays], ["readings", retention.readingDays]] as const;
  for (const [table, days] of kept) {
    if (days === null) continue;
    const before = new Date(now.getTime() - days * DAY_MS).toISOString();
    const rows = await transaction(
      database,
      (tx) => tx<{ name: string }[]>`select drop_months_before(${table}, ${before}::text::timestamptz) as name`,
    );
    dropped.push(...rows.map(({ name }) => name));
  }
  if (dropped.length > 0) log.info("Dropped months that are kept no longer", { tables: dropped.join(" ") });
  return dropped;
}
