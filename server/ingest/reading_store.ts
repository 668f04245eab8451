import type { Tx } from "../db/mod.ts";
import { arrayLiteral, bareLiteral } from "./array_literal.ts";

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

/**
 * The statement that writes rows of which none is there yet, without looking: the cheapest insert. It fails with SQLSTATE
 * 23505 when one is there; then {@linkcode writeReadings} finds out what is to be done.
 */
export function readingsInsert(tx: Tx, rows: ReadingRow[]) {
  const telegrams = byTelegram(rows);
  const column = <K extends keyof ReadingRow>(name: K) => bareLiteral(telegrams.map(([first]) => first[name]));
  const list = <K extends keyof ReadingRow>(name: K) =>
    arrayLiteral(telegrams.map((values) => bareLiteral(values.map((row) => row[name]))));
  // What the values of a telegram have in common is sent and read once: a fourth of the statement's time.
  return tx`
    insert into readings (tenant_id, series_id, time, value, telegram_id, decoder_version)
    select tenant_id, series_id, time, value, telegram_id, decoder_version
    from unnest(
      ${column("tenantId")}::text::integer[],
      ${column("time")}::text::timestamptz[],
      ${column("telegramId")}::text::bigint[],
      ${column("decoderVersion")}::text::smallint[],
      ${list("seriesId")}::text::text[],
      ${list("value")}::text::text[]
    ) as telegram (tenant_id, time, telegram_id, decoder_version, series_ids, stated)
    cross join lateral unnest(series_ids::bigint[], stated::numeric[]) as reading (series_id, value)`;
}

/** Rows of one telegram stand one after the other. */
function byTelegram(rows: ReadingRow[]): [ReadingRow, ...ReadingRow[]][] {
  const groups: [ReadingRow, ...ReadingRow[]][] = [];
  for (const row of rows) {
    const group = groups.at(-1);
    if (group !== undefined && group[0].telegramId === row.telegramId) group.push(row);
    else groups.push([row]);
  }
  return groups;
}

/**
 * Writes rows whatever is there: a reading that is there already with the same value adds nothing, one with another value
 * becomes the current revision. Needs the role `mbus_ingest`.
 *
 * @returns how many rows were new.
 */
export async function writeReadings(tx: Tx, rows: ReadingRow[]): Promise<number> {
  if (rows.length === 0) return 0;
  const inserted = await tx`
    insert into readings (tenant_id, series_id, time, value, telegram_id, decoder_version)
    select * from ${readingInput(tx, rows)}
    on conflict do nothing`;
  return inserted.count < rows.length ? inserted.count + await reviseReadings(tx, rows) : inserted.count;
}

/** Adds a revision for each row whose instant is taken by another value; it becomes the current one. */
async function reviseReadings(tx: Tx, rows: ReadingRow[]): Promise<number> {
  await lockInstants(tx, rows);
  const conflicts = await tx<ReadingRow[]>`
    select distinct on (tenant_id, series_id, time)
           tenant_id as "tenantId", series_id::text as "seriesId", time::text, input.value::text,
           input.telegram_id::text as "telegramId", input.decoder_version as "decoderVersion"
    from ${readingInput(tx, rows)}
    join readings stored using (tenant_id, series_id, time)
    where stored.is_current and stored.value <> input.value
    order by tenant_id, series_id, time, input.telegram_id desc`;
  if (conflicts.length === 0) return 0;
  await tx`
    update readings stored set is_current = false
    from ${readingInput(tx, conflicts)}
    where (stored.tenant_id, stored.series_id, stored.time) = (input.tenant_id, input.series_id, input.time)
      and stored.is_current`;
  const revised = await tx`
    insert into readings (tenant_id, series_id, time, revision, value, telegram_id, decoder_version)
    select tenant_id, series_id, time, max(stored.revision) + 1, input.value, input.telegram_id, input.decoder_version
    from ${readingInput(tx, conflicts)}
    join readings stored using (tenant_id, series_id, time)
    group by tenant_id, series_id, time, input.value, input.telegram_id, input.decoder_version`;
  return revised.count;
}

/** Two transactions that revise the same instant do so one after the other: exactly one revision stays the current one. */
async function lockInstants(tx: Tx, rows: ReadingRow[]) {
  await tx`
    select from ${readingInput(tx, rows)} join readings stored using (tenant_id, series_id, time)
    order by tenant_id, series_id, time, revision
    for update of stored`;
}

/** The rows as a table `input`, for a statement of one's own. */
export function readingInput(tx: Tx, rows: ReadingRow[]) {
  const column = <K extends keyof ReadingRow>(name: K) => bareLiteral(rows.map((row) => row[name]));
  return tx`unnest(
    ${column("tenantId")}::text::integer[],
    ${column("seriesId")}::text::bigint[],
    ${column("time")}::text::timestamptz[],
    ${column("value")}::text::numeric[],
    ${column("telegramId")}::text::bigint[],
    ${column("decoderVersion")}::text::smallint[]
  ) as input (tenant_id, series_id, time, value, telegram_id, decoder_version)`;
}
