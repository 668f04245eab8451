import type { Readout } from "@mbus-gateway/wire";
import type { Tx } from "../db/mod.ts";
import { arrayLiteral } from "./array_literal.ts";
import { type AttributeRow, writeAttributes } from "./attributes.ts";
import { confirmationOfMessage } from "./confirmation.ts";
import { type Knowledge } from "../meter_keys/knowledge.ts";
import { learnFormats } from "../meter_keys/learn_formats.ts";
import { type DecodedReadout, decodeReadout, decoderVersionOf } from "./decode_readout.ts";
import {
  type IncomingMessage,
  readingTime,
  type ReadMessage,
  setAsideFor,
  type UnreadableMessage,
} from "./incoming.ts";
import type { IngestResult } from "./ingest.ts";
import { type IdsOfTransaction, learnMeters, learnSeries, meterKey, seriesKey } from "./known_ids.ts";
import { fingerprint, messageFingerprint, NO_TENANT, quarantine, type QuarantineRow } from "./quarantine.ts";
import { findHeardBefore, radioHash } from "./radio.ts";
import type { SeriesAddress } from "./series_address.ts";
import { insertReadings, type ReadingRow, writeReadings } from "./reading_store.ts";
import type { TelegramIds } from "./telegram_ids.ts";
import {
  type DecodedTelegramRow,
  findStored,
  insertTelegrams,
  storeTelegrams,
  telegramKey,
  type TelegramRow,
  telegramRows,
} from "./telegram_store.ts";

type Read = ReadMessage | UnreadableMessage;

/** What storing works with. */
export interface Stock {
  ids: IdsOfTransaction;
  telegramIds: TelegramIds;
  knowledge: Knowledge;
  /**
   * Nothing of it is expected to be stored already: it is written without looking, all statements at once, and fails
   * with SQLSTATE 23505 as a whole where that was wrong.
   */
  expectNew: boolean;
}

/**
 * Stores what the messages hold and says what became of each, and why something was set aside. Needs the role
 * `mbus_ingest`.
 */
export async function storeMessages(
  tx: Tx,
  stock: Stock,
  read: Read[],
): Promise<{ results: IngestResult[]; readings: number; reasons: string[] }> {
  const tenants = await tenantsOf(tx, read.map(({ message }) => message));
  const setAside: QuarantineRow[] = [];
  const takes: { result: IngestResult; read: ReadMessage; tenantId: number }[] = [];
  const results = read.map((one): IngestResult => {
    const tenantId = tenants.get(one.message.gateway);
    const result: IngestResult = { confirmation: null, stored: 0, duplicates: 0, quarantined: 0, unreadable: null };
    if (!("readouts" in one)) {
      result.unreadable = { code: one.code, reason: one.reason };
      // Over HTTP the sender is told at once, and it is nobody else's word.
      if (one.message.origin === "http" && one.code === "gateway_mismatch") return result;
      setAside.push(wholeMessage(one, tenantId));
      result.quarantined = 1;
    } else if (tenantId === undefined) {
      setAside.push(unregistered(one));
      result.quarantined = 1;
    } else {
      result.confirmation = confirmationOfMessage(one);
      result.quarantined = one.setAside.length;
      setAside.push(...one.setAside.map((part) => quarantineRow(one, tenantId, part)));
      takes.push({ result, read: one, tenantId });
    }
    return result;
  });
  const readings = await storeReadouts(tx, stock, takes, setAside);
  await quarantine(tx, setAside);
  return { results, readings, reasons: setAside.map(({ reason }) => reason) };
}

/** One readout on its way in. */
interface Arrival {
  result: IngestResult;
  read: ReadMessage;
  tenantId: number;
  readout: Readout;
  rows: TelegramRow[];
}

/** An arrival decoded, with its telegrams' rows. */
interface Decoded {
  arrival: Arrival;
  decoded: DecodedReadout;
  meterId: string | null;
  /** Of each value; empty where there is no meter. */
  seriesIds: readonly string[];
  telegrams: DecodedTelegramRow[];
}

async function storeReadouts(
  tx: Tx,
  stock: Stock,
  takes: { result: IngestResult; read: ReadMessage; tenantId: number }[],
  setAside: QuarantineRow[],
): Promise<number> {
  const { ids, knowledge, expectNew } = stock;
  const arrivals: Arrival[] = takes.flatMap(({ result, read, tenantId }) => {
    const { gateway, origin } = read.message;
    const owner = { tenantId, gateway, epoch: read.epoch, origin };
    return read.readouts.map((readout) => ({ result, read, tenantId, readout, rows: telegramRows(owner, readout) }));
  });
  const states = expectNew ? new Map() : await findStored(tx, arrivals.flatMap(({ rows }) => rows));
  const all = await decodeArrivals(tx, stock, freshOnes(states, arrivals, setAside));
  await learnFormats(
    tx,
    all.flatMap(({ arrival: { tenantId }, decoded: { learnt } }) => learnt.map((format) => ({ tenantId, format }))),
    knowledge,
  );
  await fileValues(tx, ids, all);
  const telegrams = all.flatMap((one) => one.telegrams);
  const heardBefore = await findHeardBefore(tx, telegrams);
  const isFirst = (one: Decoded) => one.telegrams.every((row) => !heardBefore.has(telegramKey(row)));
  if (expectNew) {
    for (const { arrival } of all) arrival.result.stored++;
    const values = valuesOf(all.filter(isFirst));
    // Sent together: the connection carries them one behind the other, and the first failure fails them all.
    const [, readings] = await Promise.all([
      insertTelegrams(tx, telegrams),
      insertReadings(tx, values.readings),
      writeAttributes(tx, values.attributes),
      touchGateways(tx, all),
    ]);
    return readings;
  }
  const stored = await storeTelegrams(tx, telegrams);
  // What another server stored between the look and the insert is that server's.
  const ours = all.filter((one) => one.telegrams.every((row) => stored.has(row.telegramId)));
  const isOurs = new Set(ours);
  for (const one of all) one.arrival.result[isOurs.has(one) ? "stored" : "duplicates"]++;
  const values = valuesOf(ours.filter(isFirst));
  const readings = await writeReadings(tx, values.readings);
  await writeAttributes(tx, values.attributes);
  await touchGateways(tx, ours);
  return readings;
}

async function decodeArrivals(tx: Tx, { ids, telegramIds, knowledge }: Stock, arrivals: Arrival[]): Promise<Decoded[]> {
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

/** The arrivals that are neither stored, nor twice in this batch, nor another readout under a used key. */
function freshOnes(
  stored: Map<number, "same" | "other">,
  arrivals: Arrival[],
  setAside: QuarantineRow[],
): Arrival[] {
  const seen = new Map<string, Arrival>();
  let index = 0;
  return arrivals.filter((arrival) => {
    const states = arrival.rows.map(() => stored.get(index++) ?? "absent");
    const [first] = arrival.rows;
    const key = first === undefined ? "" : telegramKey(first);
    const twin = seen.get(key);
    const reused = states.includes("other") || (states.includes("same") && states.includes("absent")) ||
      (twin !== undefined && !sameBytes(twin, arrival));
    if (reused) {
      setAside.push(epochReuse(arrival));
      arrival.result.quarantined++;
      return false;
    }
    if (twin !== undefined || states.includes("same")) {
      arrival.result.duplicates++;
      return false;
    }
    seen.set(key, arrival);
    return true;
  });
}

/** Finds the series of each value: mostly a meter says what it said the last time. */
async function fileValues(tx: Tx, ids: IdsOfTransaction, all: Decoded[]) {
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

function valuesOf(all: Decoded[]): { readings: ReadingRow[]; attributes: AttributeRow[] } {
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

async function tenantsOf(tx: Tx, messages: IncomingMessage[]): Promise<Map<string, number>> {
  const gateways = arrayLiteral(new Set(messages.map(({ gateway }) => gateway)));
  const rows = await tx<{ gateway_id: string; tenant_id: number }[]>`
    select gateway_id, tenant_id from gateways where gateway_id = any(${gateways}::text::text[])`;
  return new Map(rows.map((row) => [row.gateway_id, row.tenant_id]));
}

async function touchGateways(tx: Tx, all: Decoded[]) {
  const latest = new Map<string, { tenantId: number; readAt: string }>();
  for (const { arrival: { tenantId, read, readout: { readAt } } } of all) {
    const before = latest.get(read.message.gateway);
    if (before === undefined || before.readAt < readAt) latest.set(read.message.gateway, { tenantId, readAt });
  }
  if (latest.size === 0) return;
  const rows = [...latest].sort(([a], [b]) => a < b ? -1 : 1); // two servers lock the rows in the same order
  const touched = rows.map(([gateway, { tenantId, readAt }]) =>
    tx`
    update gateways set last_reading_at = greatest(last_reading_at, ${readAt}::text::timestamptz)
    where tenant_id = ${tenantId} and gateway_id = ${gateway}`
  );
  await Promise.all(touched);
}

function sameBytes(a: Arrival, b: Arrival): boolean {
  return a.rows.length === b.rows.length && a.rows.every((row, i) => row.bytes.toHex() === b.rows[i]?.bytes.toHex());
}

function wholeMessage({ message, code, reason }: UnreadableMessage, tenantId = NO_TENANT): QuarantineRow {
  const { origin, gateway, payload } = message;
  const bytes = messageFingerprint(payload);
  return { tenantId, fingerprint: bytes, code, reason, payload, origin, gateway, epoch: null, seq: null };
}

/** One row a gateway, however much it sends: it keeps its readouts until it is registered and they are confirmed. */
function unregistered({ message: { origin, gateway, payload } }: ReadMessage): QuarantineRow {
  const code = "unregistered";
  const reason = `Cannot take message: gateway ${gateway} is not registered; register it, and it sends again`;
  const key = fingerprint(code, gateway);
  return { tenantId: NO_TENANT, fingerprint: key, code, reason, payload, origin, gateway, epoch: null, seq: null };
}

function quarantineRow(read: ReadMessage, tenantId: number, part: ReadMessage["setAside"][number]): QuarantineRow {
  const { message: { origin, gateway }, epoch } = read;
  const { seq, code, reason, payload } = part;
  const key = seq === null ? fingerprint(gateway, epoch, payload) : fingerprint(gateway, epoch, seq, code);
  return { tenantId, fingerprint: key, code, reason, payload, origin, gateway, epoch, seq };
}

function epochReuse({ read, tenantId, readout }: Arrival): QuarantineRow {
  const { gateway } = read.message;
  const code = "epoch_reuse";
  const reason = `Cannot store readout: ${gateway} has sent other bytes under epoch ${read.epoch}, ` +
    `sequence ${readout.seq} before; its spool was copied or restored without a new epoch`;
  const part = setAsideFor(read, readout, code, reason);
  return { ...quarantineRow(read, tenantId, part), fingerprint: fingerprint(code, gateway, part.payload) };
}
