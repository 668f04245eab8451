import type { Log } from "@mbus-gateway/resource";
import type { Database } from "./database.ts";
import { ingestTransaction, transaction } from "./transaction.ts";

/** How long tables keep what they have, in days; null: for ever. */
export interface Retention {
  telegramDays: number | null;
  readingDays: number | null;
  /** Of consumption by hour; days and months of it stay. */
  hourDays: number | null;
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
  const kept = [
    ["telegrams", retention.telegramDays],
    ["telegram_packs", retention.telegramDays],
    ["readings", retention.readingDays],
  ] as const;
  for (const [table, days] of kept) {
    if (days === null) continue;
    const before = new Date(now.getTime() - days * DAY_MS).toISOString();
    const rows = await transaction(
      database,
      (tx) => tx<{ name: string }[]>`select drop_months_before(${table}, ${before}::text::timestamptz) as name`,
    );
    dropped.push(...rows.map(({ name }) => name));
  }
  await deleteExpiredHours(database, retention.hourDays, now);
  await forgetJumps(database);
  if (dropped.length > 0) log.info("Dropped months that are kept no longer", { tables: dropped.join(" ") });
  return dropped;
}

/** Whether a reading is suspect matters while it is kept. */
async function forgetJumps(database: Database) {
  await ingestTransaction(
    database,
    (tx) =>
      tx`
    delete from implausible_telegrams
    where read_at < (select until from dropped_until where parent = 'readings')`,
  );
}

/** A look-up in the key for each counter and place: the table has no other index. */
async function deleteExpiredHours(database: Database, days: number | null, now: Date) {
  if (days === null) return;
  const before = new Date(now.getTime() - days * DAY_MS).toISOString();
  await ingestTransaction(
    database,
    (tx) =>
      tx`
    delete from consumption using (
      select tenant_id, series_id, placement_id from series join placements using (tenant_id, meter_id)
      union all select tenant_id, series_id, 0 from series
    ) place
    where (consumption.tenant_id, consumption.series_id, consumption.placement_id) =
        (place.tenant_id, place.series_id, place.placement_id)
      and resolution = 'hour' and period_start < ${before}::text::timestamptz`,
  );
}
