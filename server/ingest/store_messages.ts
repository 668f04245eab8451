import type { Tx } from "../db/mod.ts";
import { learnFormats } from "../meter_keys/learn_formats.ts";
import { findKnown, type Known } from "../telegram_packs/find_known.ts";
import { findHeardInPacks } from "../telegram_packs/heard_in_packs.ts";
import { type Arrival, decodeArrivals, type Decoded, fileValues, type Stock, valuesOf } from "./arrival.ts";
import { writeAttributes } from "./attributes.ts";
import { confirmationOfMessage } from "./confirmation.ts";
import { insertFreshBatch } from "./fresh_batch.ts";
import { type GatewayRow, gatewaysUpdate, tenantsOf } from "./gateway_rows.ts";
import type { ReadMessage, UnreadableMessage } from "./incoming.ts";
import type { IngestResult } from "./ingest.ts";
import { quarantine, type QuarantineRow } from "./quarantine.ts";
import { epochReuse, quarantineRow, unregistered, wholeMessage } from "./quarantine_rows.ts";
import { findHeardBefore } from "./radio.ts";
import { writeReadings } from "./reading_store.ts";
import { storeTelegrams, telegramKey, telegramRows } from "./telegram_store.ts";

type Read = ReadMessage | UnreadableMessage;

/**
 * Stores what the messages hold and says what became of each, and why something was set aside. Needs the role
 * `mbus_ingest`.
 */
export async function storeMessages(
  tx: Tx,
  stock: Stock,
  read: Read[],
): Promise<{ results: IngestResult[]; readings: number; reasons: string[] }> {
  const tenants = await tenantsOfMessages(tx, stock, read);
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

async function storeReadouts(
  tx: Tx,
  stock: Stock,
  takes: { result: IngestResult; read: ReadMessage; tenantId: number }[],
  setAside: QuarantineRow[],
): Promise<number> {
  const { ids, telegramIds, knowledge, mayBePacked, expectNew } = stock;
  const arrivals: Arrival[] = takes.flatMap(({ result, read, tenantId }) => {
    const { gateway, origin } = read.message;
    const owner = { tenantId, gateway, epoch: read.epoch, origin };
    return read.readouts.map((readout) => ({ result, read, tenantId, readout, rows: telegramRows(owner, readout) }));
  }).sort(byKey); // two servers that take in the same readouts insert them in the same order
  const known = expectNew ? new Map() : await findKnown(tx, arrivals.flatMap(({ rows }) => rows), mayBePacked);
  const all = await decodeArrivals(tx, stock, freshOnes(known, arrivals, setAside));
  await learnFormats(
    tx,
    all.flatMap(({ arrival: { tenantId }, decoded: { learnt } }) => learnt.map((format) => ({ tenantId, format }))),
    knowledge,
  );
  await fileValues(tx, ids, all);
  if (all.length === 0) return 0;
  const telegrams = all.flatMap((one) => one.telegrams);
  const heardBefore = (await findHeardBefore(tx, telegrams)).union(await findHeardInPacks(tx, telegrams, mayBePacked));
  const isFirst = (one: Decoded) => one.telegrams.every((row) => !heardBefore.has(telegramKey(row)));
  if (expectNew) {
    for (const { arrival } of all) arrival.result.stored++;
    const values = valuesOf(all.filter(isFirst));
    const gateways = gatewaysOf(all);
    const blocks = telegramIds.missingFor(telegrams.length);
    telegramIds.add(await insertFreshBatch(tx, { telegrams, ...values, gateways, blocks }));
    return values.readings.length;
  }
  const stored = await storeTelegrams(tx, telegrams);
  // What another server stored between the look and the insert is that server's.
  const ours = all.filter((one) => one.telegrams.every((row) => stored.has(row.telegramId)));
  const isOurs = new Set(ours);
  for (const one of all) one.arrival.result[isOurs.has(one) ? "stored" : "duplicates"]++;
  const values = valuesOf(ours.filter(isFirst));
  const readings = await writeReadings(tx, values.readings);
  await writeAttributes(tx, values.attributes);
  await gatewaysUpdate(tx, gatewaysOf(ours));
  return readings;
}

/** The arrivals that are neither stored, nor twice in this batch, nor another readout under a used key. */
function freshOnes(
  known: Map<number, Known>,
  arrivals: Arrival[],
  setAside: QuarantineRow[],
): Arrival[] {
  const seen = new Map<string, Arrival>();
  let index = 0;
  return arrivals.filter((arrival) => {
    const states = arrival.rows.map(() => known.get(index++) ?? "absent");
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

/** From memory only where each message writes something, by which it shows whether its gateway's tenant is still so. */
async function tenantsOfMessages(tx: Tx, { tenants, expectNew }: Stock, read: Read[]): Promise<Map<string, number>> {
  const gateways = new Set(read.map(({ message }) => message.gateway));
  const shows = expectNew && read.every((one) => "readouts" in one && one.readouts.length > 0);
  const known = shows ? tenants.of(gateways) : null;
  if (known !== null) return known;
  const found = await tenantsOf(tx, gateways);
  tenants.learn(found);
  return found;
}

function gatewaysOf(all: Decoded[]): GatewayRow[] {
  const latest = new Map<string, GatewayRow>();
  for (const { arrival: { tenantId, read: { message: { gateway } }, readout: { readAt } } } of all) {
    const before = latest.get(gateway);
    if (before === undefined || before.readAt < readAt) latest.set(gateway, { tenantId, gateway, readAt });
  }
  return [...latest.values()];
}

function byKey(a: Arrival, b: Arrival): number {
  const [left, right] = [a.read, b.read];
  if (left.message.gateway !== right.message.gateway) return left.message.gateway < right.message.gateway ? -1 : 1;
  if (left.epoch !== right.epoch) return left.epoch < right.epoch ? -1 : 1;
  return a.readout.seq - b.readout.seq;
}

function sameBytes(a: Arrival, b: Arrival): boolean {
  return a.rows.length === b.rows.length && a.rows.every((row, i) => row.bytes.toHex() === b.rows[i]?.bytes.toHex());
}
