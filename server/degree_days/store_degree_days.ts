import { type Database, transaction, type Tx } from "../db/mod.ts";
import type { DegreeDay } from "./feature_collection.ts";

/**
 * Stores an area's days. Of several values for a day the one that its source created last stays, whatever the order in
 * which they come.
 *
 * @returns how many days are new or have another value now.
 */
export async function storeDegreeDays(
  database: Database | Tx,
  { parameter, area, days }: { parameter: string; area: string; days: readonly DegreeDay[] },
): Promise<number> {
  if (days.length === 0) return 0;
  const changed = await transaction(
    database,
    (tx) =>
      tx`
      insert into degree_days as stored (parameter, area, day, value, created)
      select distinct on (day) ${parameter}, ${area}, day, value, created
      from jsonb_to_recordset(${tx.json(days.map((day) => ({ ...day })))}::jsonb)
        as fetched (day date, value numeric, created timestamptz)
      order by day, created desc
      on conflict (parameter, area, day) do update
      set value = excluded.value, created = excluded.created, fetched_at = now()
      where excluded.created > stored.created`,
  );
  return changed.count;
}

/** The last day that is stored for an area, or null. */
export async function lastDegreeDay(database: Database | Tx, parameter: string, area: string): Promise<string | null> {
  const [row] = await transaction(
    database,
    (tx) =>
      tx<{ day: string | null }[]>`
      select max(day)::text as day from degree_days where parameter = ${parameter} and area = ${area}`,
  );
  return row?.day ?? null;
}
