import { type DataRecord, decodeTelegram, type Telegram, TelegramError } from "@mbus-gateway/mbus";
import type { Tx } from "../db/mod.ts";
import { arrayLiteral } from "../ingest/array_literal.ts";
import type { Knowledge, TenantKnowledge } from "../meter_keys/knowledge.ts";
import { traceTelegram } from "../telegram_packs/trace_telegram.ts";
import { parseAmount } from "./amount.ts";
import type { Change } from "./changes.ts";
import type { Register } from "./step.ts";

type OfSeries = Pick<Change, "tenantId" | "seriesId">;

interface Row extends OfSeries {
  exponent: number | null;
  digits: number | null;
}

interface Unlearnt extends OfSeries {
  key: string;
  occurrence: number;
  kind: string;
  bytes: Uint8Array;
  value: string;
}

interface TracedReading extends Omit<Unlearnt, "kind" | "bytes"> {
  meterId: string;
  telegramId: string;
  /** Null where the telegram is no row. */
  kind: string | null;
  bytes: Uint8Array | null;
}

/** The dials of counters by {@linkcode seriesOf}; those met for the first time are learnt from a telegram and kept. */
export async function loadRegisters(tx: Tx, series: OfSeries[], knowledge: Knowledge): Promise<Map<string, Register>> {
  const known = await tx<Row[]>`
    select tenant_id as "tenantId", series_id::text as "seriesId", exponent, digits
    from ${wanted(tx, series)} join series_registers using (tenant_id, series_id)`;
  const registers = new Map<string, Register>(known.map((row) => [seriesOf(row), row]));
  const missing = series.filter((one) => !registers.has(seriesOf(one)));
  const learnt = missing.length === 0 ? [] : (await selectUnlearnt(tx, missing)).map((row): Row => ({
    tenantId: row.tenantId,
    seriesId: row.seriesId,
    ...registerOf(row, knowledge.of(row.tenantId)),
  }));
  await keep(tx, learnt);
  for (const row of learnt) registers.set(seriesOf(row), row);
  return registers;
}

/** Forgets the dials of series that were decoded otherwise: each is learnt again from what is decoded now. */
export async function forgetRegisters(tx: Tx, series: OfSeries[]) {
  if (series.length === 0) return;
  await tx`
    delete from series_registers using ${wanted(tx, series)}
    where (series_registers.tenant_id, series_registers.series_id) = (wanted.tenant_id, wanted.series_id)`;
}

export function seriesOf({ tenantId, seriesId }: OfSeries): string {
  return `${tenantId} ${seriesId}`;
}

/** The telegram that a series' newest reading comes from: older ones may be gone. */
async function selectUnlearnt(tx: Tx, missing: OfSeries[]): Promise<Unlearnt[]> {
  const rows = await tx<TracedReading[]>`
    select tenant_id as "tenantId", series_id::text as "seriesId", occurrence, meter_id::text as "meterId",
      newest.telegram_id::text as "telegramId",
      concat_ws(':', quantity, unit, function, 's' || storage_number, 't' || tariff, 'u' || subunit,
        nullif(replace(modifiers, ' ', ','), '')) as key,
      telegram.kind, telegram.bytes, newest.value::text
    from ${wanted(tx, missing)} join series using (tenant_id, series_id)
    cross join lateral (
      select telegram_id, value from readings
      where (readings.tenant_id, readings.series_id) = (series.tenant_id, series.series_id) and is_current
      order by time desc limit 1
    ) newest
    left join lateral (
      select kind, bytes from telegrams
      where (telegrams.tenant_id, telegrams.telegram_id) = (series.tenant_id, newest.telegram_id) limit 1
    ) telegram on true`;
  const found: Unlearnt[] = [];
  for (const { kind, bytes, ...row } of rows) {
    const telegram = kind === null || bytes === null ? await traceTelegram(tx, row) : { kind, bytes };
    if (telegram !== null) found.push({ ...row, ...telegram });
  }
  return found;
}

/** The telegram knows the dial; where it cannot be read, the value's own decimals tell its last digit. */
function registerOf({ kind, bytes, key, occurrence, value }: Unlearnt, knowledge: TenantKnowledge): Register {
  const records = kind === "frame" ? recordsOf(bytes, knowledge) : [];
  const alike = records.filter((record) => record.key === key);
  const record = alike[occurrence] ?? alike[0];
  if (record === undefined) return { exponent: -parseAmount(value).scale, digits: null };
  const field = Number.parseInt(record.dib.slice(0, 2), 16) & 0x0f;
  if (field === FLOAT32) return { exponent: null, digits: null };
  return { exponent: record.decimal?.exponent ?? null, digits: BCD_DIGITS[field] ?? null };
}

/** EN 13757-3, data fields by the DIF's low four bits. */
const FLOAT32 = 0x05;
const BCD_DIGITS: Readonly<Record<number, number>> = { 0x09: 2, 0x0a: 4, 0x0b: 6, 0x0c: 8, 0x0e: 12 };

function recordsOf(bytes: Uint8Array, knowledge: TenantKnowledge): readonly DataRecord[] {
  return decoded(new Uint8Array(bytes), knowledge)?.records ?? [];
}

function decoded(frame: Uint8Array, knowledge: TenantKnowledge): Telegram | null {
  try {
    return decodeTelegram(frame, knowledge);
  } catch (error) {
    if (!(error instanceof TelegramError)) throw error;
    return null;
  }
}

async function keep(tx: Tx, rows: Row[]) {
  if (rows.length === 0) return;
  const column = <K extends keyof Row>(name: K) => arrayLiteral(rows.map((row) => row[name]));
  await tx`
    insert into series_registers (tenant_id, series_id, exponent, digits)
    select * from unnest(
      ${column("tenantId")}::text::integer[],
      ${column("seriesId")}::text::bigint[],
      ${column("exponent")}::text::smallint[],
      ${column("digits")}::text::smallint[]
    )
    on conflict do nothing`;
}

function wanted(tx: Tx, series: OfSeries[]) {
  return tx`(
    select distinct tenant_id, series_id from unnest(
      ${arrayLiteral(series.map((one) => one.tenantId))}::text::integer[],
      ${arrayLiteral(series.map((one) => one.seriesId))}::text::bigint[]
    ) as row (tenant_id, series_id)
  ) wanted`;
}
