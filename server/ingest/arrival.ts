import type { Readout } from "@mbus-gateway/wire";
import type { Tx } from "../db/mod.ts";
import type { Knowledge } from "../meter_keys/knowledge.ts";
import type { MayBePacked } from "../telegram_packs/packed_before.ts";
import type { AttributeRow } from "./attributes.ts";
import { type DecodedReadout, decodeReadout, decoderVersionOf } from "./decode_readout.ts";
import { readingTime, type ReadMessage } from "./incoming.ts";
import type { IngestResult } from "./ingest.ts";
import { type IdsOfTransaction, learnMeters, learnSeries, meterKey, seriesKey } from "./known_ids.ts";
import type { KnownTenants } from "./known_tenants.ts";
import { radioHash } from "./radio.ts";
import type { ReadingRow } from "./reading_store.ts";
import type { SeriesAddress } from "./series_address.ts";
import type { TelegramIds } from "./telegram_ids.ts";
import type { DecodedTelegramRow, TelegramRow } from "./telegram_store.ts";

/** One readout on its way in. */
export interface Arrival {
  result: IngestResult;
  read: ReadMessage;
  tenantId: number;
  readout: Readout;
  rows: TelegramRow[];
}

/** An arrival decoded, with its telegrams' rows. */
export interface Decoded {
  arrival: Arrival;
  decoded: DecodedReadout;
  meterId: string | null;
  /** Of each value; empty where there is no meter. */
  seriesIds: readonly string[];
  telegrams: DecodedTelegramRow[];
}

/** What storing works with. */
export interface Stock {
  mayBePacked: MayBePacked;
  ids: IdsOfTransaction;
  tenants: KnownTenants;
  telegramIds: TelegramIds;
  knowledge: Knowledge;
  /** Nothing of it is expected to be stored already: see {@linkcode insertFreshBatch}. */
  expectNew: boolean;
}

/** Decodes readouts and gives their meters and telegrams ids. */
export async function decodeArrivals(
  tx: Tx,
  { ids, telegramIds, knowledge }: Stock,
  arrivals: Arrival[],
): Promise<Decoded[]> {
  const decoded = arrivals.map((arrival) => ({
    arrival,
    decoded: decodeReadout(arrival.read.message.gateway, arrival.readout, knowledge.of(arrival.tenantId)),
  }));
  await learnMeters(
    tx,
    ids,
    decoded.flatMap(({ arrival: { tenantId }, decoded: { meter } }) => meter === null ? [] : [{ tenantId, meter }]),
  );
  const free = await telegramIds.take(tx, arrivals.reduce((sum, { rows }) => sum + rows.length, 0));
  let next = 0;
  return decoded.map(({ arrival, decoded }) => {
    const meterId = meterIdOf(ids, arrival.tenantId, decoded);
    const telegrams = arrival.rows.map((row): DecodedTelegramRow => ({
      ...row,
      telegramId: free[next++] as string,
      meterId,
      decoderVersion: decoderVersionOf(arrival.readout),
      decodeError: decoded.errors[row.position] ?? null,
      waitsFor: decoded.waitsFor[row.position] ?? null,
      radioHash: decoded.wireless[row.position] ? radioHash(row.bytes) : null,
    }));
    return { arrival, decoded, meterId, seriesIds: [], telegrams };
  });
}

/** Finds the series of each value: mostly a meter says what it said the last time. */
export async function fileValues(tx: Tx, ids: IdsOfTransaction, all: Decoded[]) {
  const unknown: { one: Decoded; meterId: string; meter: string; addresses: SeriesAddress[] }[] = [];
  for (const one of all) {
    const { arrival: { tenantId }, meterId, decoded } = one;
    if (meterId === null) continue;
    const meter = `${tenantId}\n${meterId}`;
    const addresses = decoded.values.map(({ series }) => series);
    const known = ids.seriesOf(meter, addresses);
    if (known === null) unknown.push({ one, meterId, meter, addresses });
    else one.seriesIds = known;
  }
  await learnSeries(
    tx,
    ids,
    unknown.flatMap(({ one: { arrival: { tenantId } }, meterId, addresses }) =>
      addresses.map((address) => ({ tenantId, meterId, address }))
    ),
  );
  for (const { one, meterId, meter, addresses } of unknown) {
    one.seriesIds = addresses.map((address) => {
      const id = ids.get(seriesKey(one.arrival.tenantId, meterId, address));
      if (id === undefined) throw new Error(`Cannot file value: series ${JSON.stringify(address)} has no id`);
      return id;
    });
    ids.learnSeriesOf(meter, addresses, one.seriesIds);
  }
}

/** What the readouts say, as rows. */
export function valuesOf(all: Decoded[]): { readings: ReadingRow[]; attributes: AttributeRow[] } {
  const readings: ReadingRow[] = [];
  const attributes: AttributeRow[] = [];
  for (const { arrival: { tenantId, readout }, decoded, meterId, seriesIds, telegrams } of all) {
    if (meterId === null) continue;
    const time = readingTime(readout);
    const decoderVersion = decoderVersionOf(readout);
    const telegramIdAt = (position: number) => {
      const id = telegrams[position]?.telegramId;
      if (id === undefined) throw new Error(`Cannot trace value: the readout has no telegram at position ${position}`);
      return id;
    };
    decoded.values.forEach(({ value, position }, index) => {
      const seriesId = seriesIds[index] as string;
      readings.push({ tenantId, seriesId, time, value, telegramId: telegramIdAt(position), decoderVersion });
    });
    for (const { position, key, kind, value } of decoded.attributes) {
      attributes.push({ tenantId, meterId, key, time, kind, value, telegramId: telegramIdAt(position) });
    }
  }
  return { readings, attributes };
}

function meterIdOf(ids: IdsOfTransaction, tenantId: number, { meter }: DecodedReadout): string | null {
  return meter === null ? null : ids.get(meterKey(tenantId, meter.identity)) ?? null;
}
