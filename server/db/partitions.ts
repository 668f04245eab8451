import type { Database } from "./database.ts";
import { transaction } from "./transaction.ts";

/** Makes the partitions of last month to two months ahead, so that the turn of a month finds its table waiting. */
export async function ensurePartitions(database: Database, now: Date): Promise<void> {
  const months = [-1, 0, 1, 2].map((ahead) => {
    return new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + ahead, 1)).toISOString().slice(0, 10);
  });
  for (const month of months) {
    await transaction(database, (tx) => {
      return tx`select ensure_month('telegrams', ${month}::text::date), ensure_month('readings', ${month}::text::date)`;
    });
  }
}
