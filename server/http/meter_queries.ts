import type { Tx } from "../db/mod.ts";

/** A meter as its telegrams name it. */
export interface MeterRow {
  id: string;
  identity: string;
  manufacturer: string | null;
  identification: string | null;
  version: number | null;
  deviceTypeCode: number | null;
  deviceType: string | null;
  firstSeenAt: Date;
}

/** A series' address within its meter. */
export interface SeriesRow {
  id: string;
  quantity: string;
  unit: string;
  function: string;
  storageNumber: number;
  tariff: number;
  subunit: number;
  modifiers: string[];
  occurrence: number;
}

/** A value as it is, never through a float. */
export interface TimedValue {
  time: Date;
  /** An exact decimal. */
  value: string;
}

/** A series with its newest value; null when it has none. */
export type LatestRow = SeriesRow & { latest: TimedValue | null };

/** What a meter last said of itself: a text or a date. */
export interface AttributeRow {
  key: string;
  kind: string;
  value: string;
  /** Since when it says so. */
  time: Date;
}

/** A tenant's meters in the order in which they were first seen, those behind the id `after`. */
export async function listMeters(
  tx: Tx,
  { tenantId, after, limit }: { tenantId: number; after: string; limit: number },
): Promise<(MeterRow & { lastReadingAt: Date | null })[]> {
  return await tx<(MeterRow & { lastReadingAt: Date | null })[]>`
    select ${meterColumns(tx)}, (
      select max(latest.time)
      from series cross join lateral (
        select time from readings
        where readings.tenant_id = ${tenantId} and readings.series_id = series.series_id and is_current
        order by time desc limit 1
      ) latest
      where series.tenant_id = ${tenantId} and series.meter_id = meters.meter_id
    ) as "lastReadingAt"
    from meters where tenant_id = ${tenantId} and meter_id > ${after}::text::bigint
    order by meter_id limit ${limit}`;
}

/** One meter, or null where this tenant has none of that id. */
export async function findMeter(tx: Tx, tenantId: number, id: string): Promise<MeterRow | null> {
  const [row] = await tx<MeterRow[]>`
    select ${meterColumns(tx)} from meters where tenant_id = ${tenantId} and meter_id = ${id}::text::bigint`;
  return row ?? null;
}

/** Every series of a meter with its newest value: one look-up in the index each. */
export async function latestOfSeries(tx: Tx, tenantId: number, meterId: string): Promise<LatestRow[]> {
  const rows = await tx<(SeriesRow & { modifierText: string; time: Date | null; value: string | null })[]>`
    select ${seriesColumns(tx)}, latest.time, latest.value
    from series left join lateral (
      select time, value::text from readings
      where readings.tenant_id = ${tenantId} and readings.series_id = series.series_id and is_current
      order by readings.time desc limit 1
    ) latest on true
    where series.tenant_id = ${tenantId} and meter_id = ${meterId}::text::bigint
    order by storage_number, subunit, tariff, series_id`;
  return rows.map(({ time, value, modifierText, ...series }) => ({
    ...series,
    modifiers: splitModifiers(modifierText),
    latest: time === null || value === null ? null : { time, value },
  }));
}

/** What a meter says of itself now. */
export async function latestAttributes(tx: Tx, tenantId: number, meterId: string): Promise<AttributeRow[]> {
  return await tx<AttributeRow[]>`
    select distinct on (key) key, kind, value, time from meter_attributes
    where tenant_id = ${tenantId} and meter_id = ${meterId}::text::bigint
    order by key, time desc`;
}

/** The columns of {@linkcode SeriesRow}, with `modifierText` for {@linkcode splitModifiers}. */
export function seriesColumns(tx: Tx) {
  return tx`
    series.series_id::text as id, quantity, unit, function, storage_number::float8 as "storageNumber",
    tariff::float8 as tariff, subunit::float8 as subunit, modifiers as "modifierText", occurrence`;
}

/** Modifiers are stored as one text, their names joined by a space. */
export function splitModifiers(text: string): string[] {
  return text === "" ? [] : text.split(" ");
}

function meterColumns(tx: Tx) {
  return tx`
    meter_id::text as id, identity, manufacturer, identification, version, device_type_code as "deviceTypeCode",
    device_type as "deviceType", first_seen_at as "firstSeenAt"`;
}
