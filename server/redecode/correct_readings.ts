import { forgetRegisters } from "../consumption/mod.ts";
import type { Tx } from "../db/mod.ts";
import { arrayLiteral } from "../ingest/array_literal.ts";
import { readingInput, type ReadingRow } from "../ingest/reading_store.ts";

/** What a readout states now. */
export interface Stated {
  tenantId: number;
  /** The instant that its values are filed under. */
  time: string;
  /** The meters that it is and was filed under. */
  meterIds: string[];
  telegramIds: string[];
  readings: ReadingRow[];
}

interface CurrentRow {
  tenantId: number;
  seriesId: string;
  time: string;
  telegramId: string;
}

/**
 * Makes the current readings of these telegrams what they state now. A reading whose current value comes from another
 * telegram stays as it is: that conflict was decided when they came.
 *
 * @returns how many readings were added, revised or taken back.
 */
export async function correctReadings(tx: Tx, stated: Stated[]): Promise<number> {
  const rows = stated.flatMap(({ readings }) => readings);
  const gone = await currentButNotStated(tx, stated);
  const revised = await currentWithAnotherValue(tx, rows);
  await retire(tx, [...gone, ...revised]);
  await forgetRegisters(tx, [...gone, ...revised]);
  const added = await addWhereNoneIsCurrent(tx, rows);
  return gone.length + added;
}

async function currentButNotStated(tx: Tx, stated: Stated[]): Promise<CurrentRow[]> {
  const traces = stated.flatMap(({ tenantId, time, meterIds, telegramIds }) =>
    [...new Set(meterIds)].flatMap((meterId) =>
      telegramIds.map((telegramId) => ({ tenantId, time, meterId, telegramId }))
    )
  );
  if (traces.length === 0) return [];
  const current = await tx<CurrentRow[]>`
    select tenant_id as "tenantId", series_id::text as "seriesId", input.time_text as time,
      telegram_id::text as "telegramId"
    from (
      select tenant_id, meter_id, telegram_id, time_text, time_text::timestamptz as time
      from unnest(
        ${arrayLiteral(traces.map((row) => row.tenantId))}::text::integer[],
        ${arrayLiteral(traces.map((row) => row.meterId))}::text::bigint[],
        ${arrayLiteral(traces.map((row) => row.telegramId))}::text::bigint[],
        ${arrayLiteral(traces.map((row) => row.time))}::text::text[]
      ) as row (tenant_id, meter_id, telegram_id, time_text)
    ) input
    join series using (tenant_id, meter_id)
    join readings stored using (tenant_id, series_id, time, telegram_id)
    where stored.is_current`;
  const kept = new Set(stated.flatMap(({ readings }) => readings.map(readingKey)));
  return current.filter((row) => !kept.has(readingKey(row)));
}

function readingKey({ tenantId, seriesId, time, telegramId }: CurrentRow): string {
  return `${tenantId} ${seriesId} ${time} ${telegramId}`;
}

async function currentWithAnotherValue(tx: Tx, rows: ReadingRow[]): Promise<CurrentRow[]> {
  if (rows.length === 0) return [];
  return await tx<CurrentRow[]>`
    select tenant_id as "tenantId", series_id::text as "seriesId", time::text, telegram_id::text as "telegramId"
    from ${readingInput(tx, rows)} join readings stored using (tenant_id, series_id, time, telegram_id)
    where stored.is_current and stored.value <> input.value`;
}

async function retire(tx: Tx, rows: CurrentRow[]) {
  if (rows.length === 0) return;
  await tx`
    update readings stored set is_current = false
    from unnest(
      ${arrayLiteral(rows.map((row) => row.tenantId))}::text::integer[],
      ${arrayLiteral(rows.map((row) => row.seriesId))}::text::bigint[],
      ${arrayLiteral(rows.map((row) => row.time))}::text::timestamptz[]
    ) as input (tenant_id, series_id, time)
    where (stored.tenant_id, stored.series_id, stored.time) = (input.tenant_id, input.series_id, input.time)
      and stored.is_current`;
}

async function addWhereNoneIsCurrent(tx: Tx, rows: ReadingRow[]): Promise<number> {
  if (rows.length === 0) return 0;
  const added = await tx`
    insert into readings (tenant_id, series_id, time, revision, value, telegram_id, decoder_version)
    select tenant_id, series_id, time, coalesce(max(stored.revision), 0) + 1, input.value, input.telegram_id,
      input.decoder_version
    from ${readingInput(tx, rows)} left join readings stored using (tenant_id, series_id, time)
    group by tenant_id, series_id, time, input.value, input.telegram_id, input.decoder_version
    having not coalesce(bool_or(stored.is_current), false)
    on conflict do nothing`;
  return added.count;
}
