import type { Tx } from "../db/mod.ts";
import { arrayLiteral } from "./array_literal.ts";
import type { MeterIdentityRow } from "./decode_readout.ts";
import type { SeriesAddress } from "./series_address.ts";

/** The most ids kept in memory; past it the oldest go, and are looked up again when needed. */
const MAX_KNOWN = 500_000;

/**
 * The ids of meters and series that this process has seen committed. Only a shortcut: the tables' unique keys decide.
 * What a transaction learns is kept apart until `commit()`, for it may be rolled back.
 */
export class KnownIds {
  #committed = new Map<string, string>();
  /** By meter, what its last readout said, and the ids: the next one mostly says the same. */
  #layouts = new Map<string, Layout>();

  begin(): IdsOfTransaction {
    const learnt = new Map<string, string>();
    const layouts = new Map<string, Layout>();
    return {
      seriesOf: (meter, addresses) => {
        const known = this.#layouts.get(meter);
        return known !== undefined && isSame(known.addresses, addresses) ? known.ids : null;
      },
      learnSeriesOf: (meter, addresses, ids) => void layouts.set(meter, { addresses, ids }),
      get: (key) => learnt.get(key) ?? this.#committed.get(key),
      learn: (key, id) => void learnt.set(key, id),
      commit: () => {
        for (const [key, id] of learnt) this.#committed.set(key, id);
        for (const [meter, layout] of layouts) this.#layouts.set(meter, layout);
        for (const meter of this.#layouts.keys()) {
          if (this.#layouts.size <= MAX_KNOWN / 10) break;
          this.#layouts.delete(meter);
        }
        for (const key of this.#committed.keys()) {
          if (this.#committed.size <= MAX_KNOWN) break;
          this.#committed.delete(key);
        }
      },
    };
  }
}

interface Layout {
  addresses: readonly SeriesAddress[];
  ids: readonly string[];
}

export interface IdsOfTransaction {
  /** The ids of the series of a meter, where its last committed readout said exactly these addresses. */
  seriesOf(meter: string, addresses: readonly SeriesAddress[]): readonly string[] | null;
  learnSeriesOf(meter: string, addresses: readonly SeriesAddress[], ids: readonly string[]): void;
  get(key: string): string | undefined;
  learn(key: string, id: string): void;
  commit(): void;
}

/** Addresses that are alike are the same objects, see `series_address.ts`. */
function isSame(a: readonly SeriesAddress[], b: readonly SeriesAddress[]): boolean {
  return a.length === b.length && a.every((address, index) => address === b[index]);
}

/** The key of a meter in {@linkcode KnownIds}. */
export function meterKey(tenantId: number, identity: string): string {
  return `${tenantId}\n${identity}`;
}

/** The key of a series in {@linkcode KnownIds}. */
export function seriesKey(tenantId: number, meterId: string, address: SeriesAddress): string {
  const { quantity, unit, function: fn, storageNumber, tariff, subunit, modifiers, occurrence } = address;
  return [tenantId, meterId, quantity, unit, fn, storageNumber, tariff, subunit, modifiers, occurrence].join("\n");
}

/** Makes sure that `ids` knows each meter; rows go in by ascending key, so that two servers cannot deadlock. */
export async function learnMeters(
  tx: Tx,
  ids: IdsOfTransaction,
  meters: { tenantId: number; meter: MeterIdentityRow }[],
): Promise<void> {
  const missing = unknown(ids, meters, ({ tenantId, meter }) => meterKey(tenantId, meter.identity));
  if (missing.length === 0) return;
  const tenants = arrayLiteral(missing.map((row) => row.tenantId));
  const identities = arrayLiteral(missing.map((row) => row.meter.identity));
  await tx`
    insert into meters (tenant_id, identity, manufacturer, identification, version, device_type_code, device_type)
    select * from unnest(
      ${tenants}::text::integer[],
      ${identities}::text::text[],
      ${arrayLiteral(missing.map((row) => row.meter.manufacturer))}::text::text[],
      ${arrayLiteral(missing.map((row) => row.meter.identification))}::text::text[],
      ${arrayLiteral(missing.map((row) => row.meter.version))}::text::smallint[],
      ${arrayLiteral(missing.map((row) => row.meter.deviceTypeCode))}::text::smallint[],
      ${arrayLiteral(missing.map((row) => row.meter.deviceType))}::text::text[]
    ) as row (tenant_id, identity)
    order by tenant_id, identity
    on conflict do nothing`;
  const found = await tx<{ tenant_id: number; identity: string; meter_id: string }[]>`
    select tenant_id, identity, meter_id::text
    from unnest(${tenants}::text::integer[], ${identities}::text::text[]) as row (tenant_id, identity)
    join meters using (tenant_id, identity)`;
  for (const row of found) ids.learn(meterKey(row.tenant_id, row.identity), row.meter_id);
}

/** Makes sure that `ids` knows each series. */
export async function learnSeries(
  tx: Tx,
  ids: IdsOfTransaction,
  series: { tenantId: number; meterId: string; address: SeriesAddress }[],
): Promise<void> {
  const missing = unknown(ids, series, ({ tenantId, meterId, address }) => seriesKey(tenantId, meterId, address));
  if (missing.length === 0) return;
  const input = tx`unnest(
    ${arrayLiteral(missing.map((row) => row.tenantId))}::text::integer[],
    ${arrayLiteral(missing.map((row) => row.meterId))}::text::bigint[],
    ${arrayLiteral(missing.map((row) => row.address.quantity))}::text::text[],
    ${arrayLiteral(missing.map((row) => row.address.unit))}::text::text[],
    ${arrayLiteral(missing.map((row) => row.address.function))}::text::text[],
    ${arrayLiteral(missing.map((row) => row.address.storageNumber))}::text::bigint[],
    ${arrayLiteral(missing.map((row) => row.address.tariff))}::text::bigint[],
    ${arrayLiteral(missing.map((row) => row.address.subunit))}::text::bigint[],
    ${arrayLiteral(missing.map((row) => row.address.modifiers))}::text::text[],
    ${arrayLiteral(missing.map((row) => row.address.occurrence))}::text::integer[]
  ) as row (tenant_id, meter_id, quantity, unit, function, storage_number, tariff, subunit, modifiers, occurrence)`;
  await tx`
    insert into series (
      tenant_id, meter_id, quantity, unit, function, storage_number, tariff, subunit, modifiers, occurrence
    )
    select * from ${input}
    order by tenant_id, meter_id, quantity, unit, function, storage_number, tariff, subunit, modifiers, occurrence
    on conflict do nothing`;
  type SeriesRow = SeriesAddress & { tenantId: number; meterId: string; seriesId: string };
  const found = await tx<SeriesRow[]>`
    select tenant_id as "tenantId", meter_id::text as "meterId", series_id::text as "seriesId", quantity, unit, function,
           storage_number as "storageNumber", tariff, subunit, modifiers, occurrence
    from ${input}
    join series using (
      tenant_id, meter_id, quantity, unit, function, storage_number, tariff, subunit, modifiers, occurrence
    )`;
  for (const { tenantId, meterId, seriesId, ...address } of found) {
    ids.learn(seriesKey(tenantId, meterId, address), seriesId);
  }
}

function unknown<Row>(ids: IdsOfTransaction, rows: Row[], keyOf: (row: Row) => string): Row[] {
  const missing = new Map<string, Row>();
  for (const row of rows) {
    const key = keyOf(row);
    if (ids.get(key) === undefined) missing.set(key, row);
  }
  return [...missing.values()];
}
