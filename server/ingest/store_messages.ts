import type { Tx } from "../db/mod.ts";
import { learnFormats } from "../meter_keys/learn_formats.ts";
import { findKnown, type Known } from "../telegram_packs/find_known.ts";
import { findHeardInPacks } from "../telegram_packs/heard_in_packs.ts";
import { arrayLiteral } from "./array_literal.ts";
import { type Arrival, decodeArrivals, type Decoded, fileValues, type Stock, valuesOf } from "./arrival.ts";
import { writeAttributes } from "./attributes.ts";
import { confirmationOfMessage } from "./confirmation.ts";
import type { IncomingMessage, ReadMessage, UnreadableMessage } from "./incoming.ts";
import type { IngestResult } from "./ingest.ts";
import { quarantine, type QuarantineRow } from "./quarantine.ts";
import { epochReuse, quarantineRow, unregistered, wholeMessage } from "./quarantine_rows.ts";
import { findHeardBefore } from "./radio.ts";
import { insertReadings, writeReadings } from "./reading_store.ts";
import { insertTelegrams, storeTelegrams, telegramKey, telegramRows } from "./telegram_store.ts";

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

async function storeReadouts(
  tx: Tx,
  stock: Stock,
  takes: { result: IngestResult; read: ReadMessage; tenantId: number }[],
  setAside: QuarantineRow[],
): Promise<number> {
  const { ids, knowledge, mayBePacked, expectNew } = stock;
  const arrivals: Arrival[] = takes.flatMap(({ result, read, tenantId }) => {
    const { gateway, origin } = read.message;
    const owner = { tenantId, gateway, epoch: read.epoch, origin };
    return read.readouts.map((readout) => ({ result, read, tenantId, readout, rows: telegramRows(owner, readout) }));
  });
  const known = expectNew ? new Map() : await findKnown(tx, arrivals.flatMap(({ rows }) => rows), mayBePacked);
  const all = await decodeArrivals(tx, stock, freshOnes(known, arrivals, setAside));
  await learnFormats(
    tx,
    all.flatMap(({ arrival: { tenantId }, decoded: { learnt } }) => learnt.map((format) => ({ tenantId, format }))),
    knowledge,
  );
  await fileValues(tx, ids, all);
  const telegrams = all.flatMap((one) => one.telegrams);
  const heardBefore = (await findHeardBefore(tx, telegrams)).union(await findHeardInPacks(tx, telegrams, mayBePacked));
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
