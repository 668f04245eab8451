import { mqttSession, silentLog } from "@mbus-gateway/resource";
import { encodePayload, topic } from "@mbus-gateway/wire";
import { openDatabase, type Sql } from "../../server/db/mod.ts";
import { createIngest, subscribeIngest } from "../../server/ingest/mod.ts";
import { arrayLiteral } from "../../server/ingest/array_literal.ts";
import { findProgram } from "../fixtures/needs.ts";
import { privateMosquitto } from "../fixtures/private_mosquitto.ts";
import { freshDatabase } from "../fixtures/private_postgres.ts";
import { EPOCH } from "../fixtures/readouts.ts";
import { numberOption, readable, report } from "./report.ts";
import { simulatedAnswers } from "./simulated_frames.ts";

const METERS = 250;
const READOUTS_PER_MESSAGE = 50;

/**
 * From MQTT payloads of raw telegrams to committed rows, one process, on a private mosquitto (mutual TLS) and PostgreSQL;
 * against one `insert … select from unnest` after the other of the same rows into a table with the same keys.
 * `--messages=N` (default 200).
 */
export async function benchIngest(options: string[]): Promise<void> {
  if (findProgram("mosquitto") === null || findProgram("initdb") === null) {
    throw new Error("Cannot bench ingest: it needs mosquitto and PostgreSQL");
  }
  const messages = numberOption(options, "messages", 200);
  await using broker = await privateMosquitto();
  await using site = await freshDatabase();
  await using database = await openDatabase({ url: site.url, maxConnections: 2 });
  await database.sql`insert into gateways (tenant_id, gateway_id, token_hash) values (1, 'GW-0001', sha256('one'))`;
  const payloads = Array.from({ length: messages }, (_, index) => message(index));

  const { ingest, counts } = createIngest({ database });
  const controller = new AbortController();
  const ready = Promise.withResolvers<void>();
  const finished = Promise.withResolvers<void>();
  const running = subscribeIngest({
    async ingest(batch) {
      const results = await ingest(batch);
      if (counts.messages >= messages) finished.resolve();
      return results;
    },
    mqtt: { url: broker.url, clientId: "mbus-server", ...await broker.client("mbus-server") },
    signal: controller.signal,
    log: silentLog,
    onReady: ready.resolve,
  });
  await ready.promise;
  await using gateway = await mqttSession({ url: broker.url, clientId: "GW-0001", ...await broker.client("GW-0001") });
  const start = performance.now();
  await Promise.all(payloads.map((payload) => gateway.publish(topic.data("GW-0001"), payload)));
  await finished.promise;
  const seconds = (performance.now() - start) / 1000;
  const replay = await replaySeconds(ingest, payloads);
  controller.abort();
  await running;

  const telegrams = Number((await database.sql`select count(*) as n from telegrams`)[0]?.n);
  const baseline = await baselineRowsPerSecond(database.sql);
  report("telegrams, readings", `${telegrams}, ${counts.readings}`);
  report("telegrams a second, MQTT to commit", readable(telegrams / seconds));
  report("rows of readings a second, MQTT to commit", readable(counts.readings / seconds));
  report("telegrams a second, stored before (replay)", readable(telegrams / replay));
  report("baseline: the same readings by unnest alone, rows a second", readable(baseline));
  report("ratio: MQTT to commit / baseline", readable(counts.readings / seconds / baseline));
}

function message(index: number): Uint8Array<ArrayBuffer> {
  const readAt = new Date(Date.UTC(2026, 0, 1) + index * 60_000).toISOString();
  const answers = simulatedAnswers(METERS, { now: Date.parse(readAt), counter: index * METERS });
  const first = index * READOUTS_PER_MESSAGE;
  const readouts = Array.from({ length: READOUTS_PER_MESSAGE }, (_, offset) => ({
    seq: first + offset + 1,
    bus: "main",
    address: `p${offset + 1}`,
    readAt,
    clock: "trusted" as const,
    frames: answers[(first + offset) % METERS] ?? [new Uint8Array(1)],
  }));
  return encodePayload({ gateway: "GW-0001", epoch: EPOCH, sentAt: readAt, readouts });
}

async function replaySeconds(
  ingest: ReturnType<typeof createIngest>["ingest"],
  payloads: Uint8Array[],
): Promise<number> {
  const start = performance.now();
  for (let at = 0; at < payloads.length; at += 50) {
    const batch = payloads.slice(at, at + 50);
    await ingest(batch.map((payload) => ({ origin: "mqtt", gateway: "GW-0001", payload })));
  }
  return (performance.now() - start) / 1000;
}

/** The stored readings again, 5,000 a statement, into an empty partitioned table of the same shape. */
async function baselineRowsPerSecond(sql: Sql): Promise<number> {
  await sql.unsafe(`
    create table bench (like readings including all) partition by range (time);
    create table bench_all partition of bench for values from ('2000-01-01') to ('2100-01-01')`).simple();
  type Row = { series_id: string; time: string; value: string };
  const rows = await sql<Row[]>`select series_id::text, time::text, value::text from readings`;
  const start = performance.now();
  for (let at = 0; at < rows.length; at += 5000) {
    const part = rows.slice(at, at + 5000);
    await sql`
      insert into bench (tenant_id, series_id, time, value, telegram_id, decoder_version)
      select 1, series_id, time, value, 1, 1
      from unnest(
        ${arrayLiteral(part.map((row) => row.series_id))}::text::bigint[],
        ${arrayLiteral(part.map((row) => row.time))}::text::timestamptz[],
        ${arrayLiteral(part.map((row) => row.value))}::text::numeric[]
      ) as row (series_id, time, value)
      on conflict do nothing`;
  }
  return rows.length / (performance.now() - start) * 1000;
}
