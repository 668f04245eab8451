import { silentLog } from "@mbus-gateway/resource";
import { ingestTransaction, type Sql, tenantTransaction } from "../../server/db/mod.ts";
import { createIngest } from "../../server/ingest/mod.ts";
import { NO_KNOWLEDGE } from "../../server/meter_keys/knowledge.ts";
import { redecode } from "../../server/redecode/redecode.ts";
import { encodePack, type PackedTelegram } from "../../server/telegram_packs/pack_format.ts";
import { openPack, packColumns, type PackRow } from "../../server/telegram_packs/pack_store.ts";
import { packTelegrams } from "../../server/telegram_packs/pack_telegrams.ts";
import { type TelegramName, traceTelegram } from "../../server/telegram_packs/trace_telegram.ts";
import { findProgram } from "../fixtures/needs.ts";
import { freshDatabase, privatePostgres } from "../fixtures/private_postgres.ts";
import { type BenchMessage, messageMaker } from "./ingest/gateways.ts";
import { numberOption, readable, report } from "./report.ts";

const GATEWAYS = Array.from({ length: 8 }, (_, n) => `GW-000${n + 1}`);
const TRACES = 100;

/**
 * What telegrams take as rows and in packs, how fast they are packed, and what it costs to look for one there; on a
 * private PostgreSQL that syncs each commit to the disk. `--messages=N` of 50 readouts (default 1000).
 */
export async function benchPacks(options: string[]): Promise<void> {
  if (findProgram("initdb") === null) throw new Error("Cannot bench packs: it needs PostgreSQL");
  privatePostgres({ durable: true });
  await using site = await freshDatabase();
  const { database } = site;
  const { sql } = database;
  for (const name of GATEWAYS) {
    await sql`insert into gateways (tenant_id, gateway_id, token_hash) values (1, ${name}, sha256(${name}::text::bytea))`;
  }
  const messages = messageMaker(GATEWAYS)(numberOption(options, "messages", 1000));
  const first = await takeAll(database, messages);
  const again = await takeAll(database, messages);
  await sql`update telegrams set received_at = read_at + interval '1 second'`;
  const [{ telegrams = NaN, raw = NaN } = {}] = await sql<{ telegrams: number; raw: number }[]>`
    select count(*)::float8 as telegrams, sum(length(bytes))::float8 as raw from telegrams`;
  await sql`vacuum full telegrams`; // the update has doubled them
  const asRows = await sizeOf(sql, "telegrams_2026_01");
  const names = await sql<TelegramName[]>`
    select tenant_id as "tenantId", meter_id::text as "meterId", telegram_id::text as "telegramId"
    from telegrams where meter_id is not null order by random() limit ${TRACES}`;
  const traceRow = await traceMs(database, names);
  const redecodeRows = await redecodeSeconds(database);

  const { seconds, longest } = await packAll(database);
  const asPacks = await sizeOf(sql, "telegram_packs_2026_01") + await sizeOf(sql, "telegrams_2026_01");
  report("telegrams; bytes of each from the wire", `${readable(telegrams)}; ${readable(raw / telegrams)}`);
  report("bytes of each on the disk, with indexes: as a row", readable(asRows / telegrams));
  report("    in a pack", `${readable(asPacks / telegrams)} (1/${readable(asRows / asPacks)} of a row)`);
  const encrypted = await encryptedBytes(database);
  report("    in a pack, were it encrypted (random bytes): body alone", readable(encrypted));
  report("telegrams packed a second; longest transaction", `${readable(telegrams / seconds)}; ${readable(longest)} ms`);
  const tracePack = await traceMs(database, names);
  report("ms to trace a reading: to a row, into a pack", `${readable(traceRow)}, ${readable(tracePack)}`);
  const redecodePacks = await redecodeSeconds(database);
  report(
    "telegrams decoded again a second: rows, packs",
    `${readable(telegrams / redecodeRows)}, ${readable(telegrams / redecodePacks)}`,
  );
  const known = await takeAll(database, messages);
  report("telegrams taken in a second, for the first time", readable(telegrams / first));
  report("    again: from rows", `${readable(telegrams / again)} (${readable(first / again)} times the first)`);
  report("    again: from packs", `${readable(telegrams / known)} (${readable(first / known)} times the first)`);
}

type Database = Awaited<ReturnType<typeof freshDatabase>>["database"];

/** Seconds for all of them, 40 messages a batch. */
async function takeAll(database: Database, messages: BenchMessage[]): Promise<number> {
  const { ingest } = createIngest({ database, now: () => new Date("2026-02-01T00:00:00Z") });
  const start = performance.now();
  for (let at = 0; at < messages.length; at += 40) {
    await ingest(messages.slice(at, at + 40).map((message) => ({ origin: "mqtt", ...message })));
  }
  return (performance.now() - start) / 1000;
}

async function packAll(database: Database): Promise<{ seconds: number; longest: number }> {
  const now = () => new Date("2026-03-16T10:00:00Z");
  const pack = packTelegrams({ database, afterDays: 30, now, log: silentLog, perCall: 1 });
  const { signal } = new AbortController();
  await pack(signal);
  await database.sql`update telegram_packing set said_at = now() - interval '1 hour'`;
  const start = performance.now();
  let longest = 0;
  for (let left = 1; left > 0;) {
    const before = performance.now();
    await pack(signal);
    longest = Math.max(longest, performance.now() - before);
    const [row] = await database.sql<{ left: number }[]>`
      select exists (select from telegrams)::integer as left`;
    left = row?.left ?? 0;
  }
  const seconds = (performance.now() - start) / 1000;
  await pack(signal); // gives the space back
  return { seconds, longest };
}

async function traceMs(database: Database, names: TelegramName[]): Promise<number> {
  const start = performance.now();
  for (const name of names) {
    const found = await tenantTransaction(database, name.tenantId, (tx) => traceTelegram(tx, name));
    if (found === null) throw new Error(`Cannot bench packs: telegram ${name.telegramId} is lost`);
  }
  return (performance.now() - start) / names.length;
}

/** Seconds for all of them, where everything comes out as before. */
async function redecodeSeconds(database: Database): Promise<number> {
  const start = performance.now();
  await redecode({ database, knowledge: NO_KNOWLEDGE, since: new Date(0), signal: new AbortController().signal });
  return (performance.now() - start) / 1000;
}

async function sizeOf(sql: Sql, table: string): Promise<number> {
  const [row] = await sql<{ size: number }[]>`select pg_total_relation_size(${table}::text::regclass)::float8 as size`;
  return row?.size ?? NaN;
}

/** What a telegram of the first pack would take if its bytes had nothing in common with others. */
async function encryptedBytes(database: Database): Promise<number> {
  const [row] = await ingestTransaction(
    database,
    (tx) => tx<PackRow[]>`select ${packColumns(tx)} from telegram_packs order by telegrams desc limit 1`,
  );
  if (row === undefined) return NaN;
  const random = openPack(row).telegrams.map((one): PackedTelegram => ({
    ...one,
    bytes: crypto.getRandomValues(new Uint8Array(one.bytes.length)),
  }));
  return encodePack(random).length / random.length;
}
