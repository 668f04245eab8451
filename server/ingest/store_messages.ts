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
import { readingBatch } from "./reading_batch.ts";
import { findStored, storeTelegrams, telegramKey, type TelegramRow, telegramRows } from "./telegram_store.ts";

const READINGS_PER_STATEMENT = 5000;

type Read = ReadMessage | UnreadableMessage;

/** Stores what the messages hold and says what became of each. Needs the role `mbus_ingest`. */
export async function storeMessages(
  tx: Tx,
  known: { ids: IdsOfTransaction; knowledge: Knowledge },
  read: Read[],
): Promise<{ results: IngestResult[]; readings: number }> {
  const tenants = await tenantsOf(tx, read.map(({ message }) => message));
  const setAside: QuarantineRow[] = [];
  const takes: { result: IngestResult; read: ReadMessage; tenantId: number }[] = [];
  const results = read.map((one): IngestResult => {
    const tenantId = tenants.get(one.message.gateway);
    const result: IngestResult = { confirmation: null, stored: 0, duplicates: 0, quarantined: 0 };
    if (!("readouts" in one)) {
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
  const readings = await storeReadouts(tx, known, takes, setAside);
  await quarantine(tx, setAside);
  return { results, readings };
}

/** One readout on its way in. */
interface Arrival {
  result: IngestResult;
  read: ReadMessage;
  tenantId: number;
  readout: Readout;
  rows: TelegramRow[];
}

async function storeReadouts(
  tx: Tx,
  { ids, knowledge }: { ids: IdsOfTransaction; knowledge: Knowledge },
  takes: { result: IngestResult; read: ReadMessage; tenantId: number }[],
  setAside: QuarantineRow[],
): Promise<number> {
  const arrivals: Arrival[] = takes.flatMap(({ result, read, tenantId }) => {
    const { gateway, origin } = read.message;
    const owner = { tenantId, gateway, epoch: read.epoch, origin };
    return read.readouts.map((readout) => ({ result, read, tenantId, readout, rows: telegramRows(owner, readout) }));
  });
  const fresh = await freshOnes(tx, arrivals, setAside);
  const decoded = fresh.map((arrival) => ({
    arrival,
    decoded: decodeReadout(arrival.read.message.gateway, arrival.readout, knowledge.of(arrival.tenantId)),
    version: decoderVersionOf(arrival.readout),
  }));
  await learnMeters(
    tx,
    ids,
    decoded.flatMap(({ arrival, decoded: { meter } }) => meter === null ? [] : [{ tenantId: arrival.tenantId, meter }]),
  );
  const telegrams = decoded.flatMap(({ arrival, decoded, version }) =>
    arrival.rows.map((row) => ({
      ...row,
      meterId: meterIdOf(ids, arrival.tenantId, decoded),
      decoderVersion: version,
      decodeError: decoded.errors[row.position] ?? null,
      waitsFor: decoded.waitsFor[row.position] ?? null,
      radioHash: decoded.wireless[row.position] ? radioHash(row.bytes) : null,
    }))
  );
  await learnFormats(
    tx,
    decoded.flatMap(({ arrival: { tenantId }, decoded: { learnt } }) => learnt.map((format) => ({ tenantId, format }))),
    knowledge,
  );
  const heardBefore = await findHeardBefore(tx, telegrams);
  const telegramIds = await storeTelegrams(tx, telegrams);
  // A readout that another server stored between the look and the insert has no ids here: it is that server's.
  const ours = decoded.filter(({ arrival }) => arrival.rows.every((row) => telegramIds.has(telegramKey(row))));
  const stored = new Set(ours.map(({ arrival }) => arrival));
  for (const { arrival } of decoded) arrival.result[stored.has(arrival) ? "stored" : "duplicates"]++;
  await touchGateways(tx, ours.map(({ arrival }) => arrival));
  const first = ours.filter(({ arrival }) => arrival.rows.every((row) => !heardBefore.has(telegramKey(row))));
  return await storeValues(tx, ids, first, telegramIds);
}

/** The arrivals that are neither stored, nor twice in this batch, nor another readout under a used key. */
async function freshOnes(tx: Tx, arrivals: Arrival[], setAside: QuarantineRow[]): Promise<Arrival[]> {
  const rows = arrivals.flatMap((arrival) => arrival.rows);
  const stored = await findStored(tx, rows);
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

async function storeValues(
  tx: Tx,
  ids: IdsOfTransaction,
  ours: { arrival: Arrival; decoded: DecodedReadout; version: number }[],
  telegramIds: Map<string, string>,
): Promise<number> {
  const found = ours.flatMap(({ arrival, decoded, version }) => {
    const meterId = meterIdOf(ids, arrival.tenantId, decoded);
    return meterId === null ? [] : [{ arrival, decoded, version, meterId }];
  });
  await learnSeries(
    tx,
    ids,
    found.flatMap(({ arrival: { tenantId }, meterId, decoded }) =>
      decoded.values.map(({ series: address }) => ({ tenantId, meterId, address }))
    ),
  );
  const telegramIdAt = (arrival: Arrival, position: number) => {
    const row = arrival.rows[position];
    const id = row === undefined ? undefined : telegramIds.get(telegramKey(row));
    if (id === undefined) throw new Error(`Cannot trace value: the readout has no telegram at position ${position}`);
    return id;
  };
  const attributes: AttributeRow[] = [];
  const written = await readingBatch(tx, READINGS_PER_STATEMENT, async (batch) => {
    for (const { arrival, decoded, version, meterId } of found) {
      const { tenantId, readout } = arrival;
      const time = readingTime(readout);
      for (const { series, value, position } of decoded.values) {
        const seriesId = ids.get(seriesKey(tenantId, meterId, series));
        if (seriesId === undefined) throw new Error(`Cannot file value: series ${JSON.stringify(series)} has no id`);
        const telegramId = telegramIdAt(arrival, position);
        await batch.add({ tenantId, seriesId, time, value, telegramId, decoderVersion: version });
      }
      for (const { position, key, kind, value } of decoded.attributes) {
        attributes.push({ tenantId, meterId, key, time, kind, value, telegramId: telegramIdAt(arrival, position) });
      }
    }
  });
  await writeAttributes(tx, attributes);
  return written;
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

async function touchGateways(tx: Tx, arrivals: Arrival[]) {
  const latest = new Map<string, { tenantId: number; readAt: string }>();
  for (const { tenantId, read, readout: { readAt } } of arrivals) {
    const before = latest.get(read.message.gateway);
    if (before === undefined || before.readAt < readAt) latest.set(read.message.gateway, { tenantId, readAt });
  }
  if (latest.size === 0) return;
  const rows = [...latest].sort(([a], [b]) => a < b ? -1 : 1); // two servers lock the rows in the same order
  for (const [gateway, { tenantId, readAt }] of rows) {
    await tx`
      update gateways set last_reading_at = greatest(last_reading_at, ${readAt}::text::timestamptz)
      where tenant_id = ${tenantId} and gateway_id = ${gateway}`;
  }
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
