import type { Tx } from "../db/mod.ts";
import { arrayLiteral } from "./array_literal.ts";

/** One value of one series at one instant. */
export interface ReadingRow {
  tenantId: number;
  seriesId: string;
  /** UTC with milliseconds. */
  time: string;
  /** An exact decimal. */
  value: string;
  telegramId: string;
  decoderVersion: number;
}

/** Rows on their way into `readings`. */
export interface ReadingBatch {
  add(row: ReadingRow): Promise<void>;
}

/**
 * Gathers readings and writes them `size` at a time. Flushes when the body returns; when it throws, what is gathered is
 * discarded (and the transaction takes back what was flushed). Needs the role `mbus_ingest`.
 *
 * @returns how many rows were new: a reading that is there already with the same value adds nothing, one with another
 * value becomes the current revision.
 */
export async function readingBatch(
  tx: Tx,
  size: number,
  body: (batch: ReadingBatch) => Promise<void>,
): Promise<number> {
  let rows: ReadingRow[] = [];
  let written = 0;
  const flush = async () => {
    if (rows.length === 0) return;
    const full = rows;
    rows = [];
    written += await writeReadings(tx, full);
  };
  await body({
    async add(row) {
      rows.push(row);
      if (rows.length >= size) await flush();
    },
  });
  await flush();
  return written;
}

async function writeReadings(tx: Tx, rows: ReadingRow[]): Promise<number> {
  const inserted = await tx`
    insert into readings (tenant_id, series_id, time, value, telegram_id, decoder_version)
    select * from ${input(tx, rows)}
    on conflict do nothing`;
  if (inserted.count === rows.length) return inserted.count;
  return inserted.count + await reviseReadings(tx, rows);
}

/** Adds a revision for each row whose instant is taken by another value; it becomes the current one. */
async function reviseReadings(tx: Tx, rows: ReadingRow[]): Promise<number> {
  const conflicts = await tx<ReadingRow[]>`
    select distinct on (tenant_id, series_id, time)
           tenant_id as "tenantId", series_id::text as "seriesId", time::text, input.value::text,
           input.telegram_id::text as "telegramId", input.decoder_version as "decoderVersion"
    from ${input(tx, rows)}
    join readings stored using (tenant_id, series_id, time)
    where stored.is_current and stored.value <> input.value
    order by tenant_id, series_id, time, input.telegram_id desc`;
  if (conflicts.length === 0) return 0;
  await tx`
    update readings stored set is_current = false
    from ${input(tx, conflicts)}
    where (stored.tenant_id, stored.series_id, stored.time) = (input.tenant_id, input.series_id, input.time)
      and stored.is_current`;
  const revised = await tx`
    insert into readings (tenant_id, series_id, time, revision, value, telegram_id, decoder_version)
    select tenant_id, series_id, time, max(stored.revision) + 1, input.value, input.telegram_id, input.decoder_version
    from ${input(tx, conflicts)}
    join readings stored using (tenant_id, series_id, time)
    group by tenant_id, series_id, time, input.value, input.telegram_id, input.decoder_version`;
  return revised.count;
}

function input(tx: Tx, rows: ReadingRow[]) {
  const column = <K extends keyof ReadingRow>(name: K) => arrayLiteral(rows.map((row) => row[name]));
  return tx`unnest(
    ${column("tenantId")}::text::integer[],
    ${column("seriesId")}::text::bigint[],
    ${column("time")}::text::timestamptz[],
    ${column("value")}::text::numeric[],
    ${column("telegramId")}::text::bigint[],
    ${column("decoderVersion")}::text::smallint[]
  ) as input (tenant_id, series_id, time, value, telegram_id, decoder_version)`;
}
