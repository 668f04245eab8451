import { delay } from "@std/async";
import type { Sql } from "../../server/db/mod.ts";
import { hashToken } from "../../server/http/tokens.ts";
import { freePort } from "../fixtures/free_port.ts";
import { findProgram } from "../fixtures/needs.ts";
import { privatePostgres } from "../fixtures/private_postgres.ts";
import { serverProcess } from "../fixtures/server_process.ts";
import { realPlatform } from "../fixtures/site_platform.ts";
import { copySeconds } from "./ingest/copy.ts";
import { type BenchMessage, messageMaker, publisher } from "./ingest/gateways.ts";
import { numberOption, readable, report } from "./report.ts";

const GATEWAYS = Array.from({ length: 8 }, (_, n) => `GW-000${n + 1}`);
/** The month that the messages are of. */
const WRITTEN_FROM = "2026-01-01T00:00:00Z";
const TOKEN = (gateway: string) => `mbg_${gateway.padEnd(43, "x")}`;

/**
 * One server process between a private mosquitto (mutual TLS) and a private PostgreSQL that syncs each commit to the
 * disk; each figure beside psql's COPY of the same rows into the same tables, in the same run.
 * `--messages=N` of 50 readouts (default 400), `--rows=N` of readings in the table for the last figure (default
 * 1,000,000), `--rounds=N` (default 3) of which the best counts.
 */
export async function benchIngest(options: string[]): Promise<void> {
  if (findProgram("mosquitto") === null || findProgram("initdb") === null) {
    throw new Error("Cannot bench ingest: it needs mosquitto and PostgreSQL");
  }
  const count = numberOption(options, "messages", 400);
  const rows = numberOption(options, "rows", 1_000_000);
  const rounds = numberOption(options, "rounds", 3);
  privatePostgres({ durable: true });
  const folder = await Deno.makeTempDir();
  try {
    await using platform = await realPlatform(folder);
    const metricsPort = freePort();
    const httpPort = freePort();
    const env = { ...platform.serverEnv, HTTP_PORT: String(httpPort), METRICS_PORT: String(metricsPort) };
    await using server = serverProcess(env);
    await server.start();
    await platform.withDatabase(async ({ sql }) => {
      await register(sql);
      const [settings] = await sql`
        select current_setting('fsync') as fsync, current_setting('synchronous_commit') as commit, version()`;
      report("database", `fsync ${settings?.fsync}, synchronous_commit ${settings?.commit}`);
      await using gateways = await publisher(GATEWAYS, async (name) => {
        const { url = "", ca = "", cert = "", key = "" } = await platform.gatewayMqtt(name, "");
        const [caText, certText, keyText] = await Promise.all([ca, cert, key].map((file) => Deno.readTextFile(file)));
        return { url, ca: caText, cert: certText, key: keyText };
      });
      const make = messageMaker(GATEWAYS);
      await gateways.publish(make(40)); // series and partitions are there then, as they are in a site
      const measured = measuring(sql, metricsPort);

      const copies: Measured[] = [];
      const figures: Record<"mqtt" | "http" | "again" | "full", Measured[]> = {
        mqtt: [],
        http: [],
        again: [],
        full: [],
      };
      for (let round = 0; round < rounds; round++) {
        const messages = make(count);
        figures.mqtt.push(await measured(() => gateways.publish(messages)));
        figures.again.push({
          ...await measured(() => gateways.publish(messages)),
          telegrams: figures.mqtt[0]?.telegrams ?? 0,
        });
        figures.http.push(await measured(() => post(make(count), httpPort)));
        copies.push(await copied(sql, platform.serverEnv.DATABASE_URL ?? ""));
      }
      const [mqtt, http, again] = [figures.mqtt, figures.http, figures.again].map(best) as [
        Measured,
        Measured,
        Measured,
      ];
      const copy = best(copies);
      const limit = copy.readings / copy.seconds;
      report("(a) COPY of the same rows, readings a second", readable(limit));
      tell("(b) MQTT to commit", mqtt, limit);
      const half = await gateways.publish(make(count), { perSecond: count / mqtt.seconds / 2 });
      const [median, p99] = [percentile(half.waits, 0.5), percentile(half.waits, 0.99)];
      report("    at half load, publish to confirmation, median and p99", `${median} ms, ${p99} ms`);
      tell("(c) HTTP to commit", http, limit);
      const [repeated, fresh] = [again.telegrams / again.seconds, mqtt.telegrams / mqtt.seconds];
      report(
        "(d) what is stored already, telegrams a second",
        `${readable(repeated)} (${readable(repeated / fresh)} of b)`,
      );

      await fill(sql, rows);
      await upkeepDone(sql);
      for (let round = 0; round < rounds; round++) {
        figures.full.push(await measured(() => gateways.publish(make(count))));
      }
      const full = best(figures.full);
      tell(`(e) MQTT to commit beside ${readable(rows)} readings`, full, limit);
      report(
        "    e / b, of the best rounds and of the medians",
        [best, middle].map((pick) => {
          return readable(speed(pick(figures.full)) / speed(pick(figures.mqtt)));
        }).join(", "),
      );
      await tellSizes(sql);
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** What another program on the machine takes away makes a round longer, never shorter. */
function best(measured: Measured[]): Measured {
  const cost = ({ seconds, telegrams }: Measured) => seconds / telegrams;
  return measured.reduce((a, b) => cost(a) < cost(b) ? a : b);
}

/** The round in the middle, by what a telegram costs. */
function middle(measured: Measured[]): Measured {
  return measured.toSorted((a, b) => speed(a) - speed(b))[measured.length >> 1] as Measured;
}

function speed({ readings, seconds }: Measured): number {
  return readings / seconds;
}

async function copied(sql: Sql, url: string): Promise<Measured> {
  const seconds = await copySeconds(url);
  const [row] = await sql<{ readings: number; telegrams: number }[]>`
    select (select count(*) from readings)::float8 as readings, (select count(*) from telegrams)::float8 as telegrams`;
  return {
    seconds,
    readings: row?.readings ?? 0,
    telegrams: row?.telegrams ?? 0,
    megabytes: 0,
    perBatch: 0,
    commitMs: 0,
  };
}

interface Measured {
  seconds: number;
  readings: number;
  telegrams: number;
  megabytes: number;
  /** Messages of a batch, and milliseconds from its forming to its commit, on average. */
  perBatch: number;
  commitMs: number;
}

/** Counts what work adds to the tables, and what memory the server has after it. */
function measuring(sql: Sql, metricsPort: number) {
  const counts = async () => {
    const [row] = await sql<{ readings: number; telegrams: number }[]>`
      select (select count(*) from readings where time >= ${WRITTEN_FROM})::float8 as readings,
        (select count(*) from telegrams)::float8 as telegrams`;
    return row ?? { readings: 0, telegrams: 0 };
  };
  return async (work: () => Promise<{ seconds: number }>): Promise<Measured> => {
    const [before, metricsBefore] = [await counts(), await metricsOf(metricsPort)];
    const { seconds } = await work();
    const [after, metrics] = [await counts(), await metricsOf(metricsPort)];
    const added = (name: string) => metrics(name) - metricsBefore(name);
    return {
      seconds,
      readings: after.readings - before.readings,
      telegrams: after.telegrams - before.telegrams,
      megabytes: metrics("process_resident_memory_bytes") / 1e6,
      perBatch: added("mbus_ingest_batch_messages_sum") / added("mbus_ingest_batch_messages_count"),
      commitMs: added("mbus_ingest_commit_seconds_sum") / added("mbus_ingest_commit_seconds_count") * 1000,
    };
  };
}

async function metricsOf(port: number): Promise<(name: string) => number> {
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  return (name) => Number(new RegExp(`^${name} (\\S+)$`, "m").exec(text)?.[1]);
}

function tell(what: string, measured: Measured, limit: number) {
  const { readings, telegrams, seconds, megabytes, perBatch, commitMs } = measured;
  report(
    `${what}, readings a second`,
    `${readable(readings / seconds)} (${readable(readings / seconds / limit)} of a)`,
  );
  report("    telegrams a second; resident", `${readable(telegrams / seconds)}; ${readable(megabytes)} MB`);
  report("    messages a batch; its decoding and commit", `${readable(perBatch)}; ${readable(commitMs)} ms`);
}

async function register(sql: Sql) {
  for (const name of GATEWAYS) {
    await sql`insert into gateways (tenant_id, gateway_id, token_hash) values (1, ${name}, ${hashToken(TOKEN(name))})`;
  }
}

/** Each gateway has four requests under way. */
async function post(messages: BenchMessage[], port: number): Promise<{ seconds: number }> {
  const queues = Map.groupBy(messages, ({ gateway }) => gateway);
  const start = performance.now();
  await Promise.all([...queues].flatMap(([gateway, queue]) =>
    Array.from({ length: 4 }, async () => {
      for (let message = queue.shift(); message !== undefined; message = queue.shift()) {
        const answer = await fetch(`http://127.0.0.1:${port}/api/v1/gateways/${gateway}/readouts`, {
          method: "POST",
          headers: { authorization: `Bearer ${TOKEN(gateway)}`, "content-type": "application/json" },
          body: message.payload,
        });
        if (answer.status !== 200) throw new Error(`Cannot post: ${await answer.text()}`);
        await answer.body?.cancel();
      }
    })
  ));
  return { seconds: (performance.now() - start) / 1000 };
}

/**
 * Waits for the server's upkeep, which comes once a minute and reckons what the rounds before left. It has just ended then,
 * and none runs beside what is measured next.
 */
async function upkeepDone(sql: Sql) {
  await sql`insert into consumption_changes (tenant_id, first, last, series_ids) values (1, now(), now(), '{}')`;
  for (;;) {
    const [{ left = 0 } = {}] = await sql<
      { left: number }[]
    >`select count(*)::integer as left from consumption_changes`;
    if (left === 0) return;
    await delay(200);
  }
}

/**
 * Readings of the year before and of the month that is written, by the series that are there; the tables are left as
 * autovacuum leaves those of a site. Without noting what changed: to reckon the consumption of years that were made up
 * would run beside the measurement.
 */
async function fill(sql: Sql, rows: number) {
  await sql`alter table readings disable trigger note_inserted_readings`;
  for (let month = -11; month <= 0; month++) {
    const first = new Date(Date.UTC(2026, month, 1)).toISOString();
    await sql`select ensure_month('readings', ${first}::text::date)`;
    await sql`
      insert into readings (tenant_id, series_id, time, value, telegram_id, decoder_version)
      select 1, series_id, ${first}::text::timestamptz + n * interval '15 minutes' + interval '500 ms', n * 10 + 0.5, 0, 1
      from generate_series(0, (${Math.ceil(rows / 12)}::float8 / (select count(*) from series))::integer) n, series
      on conflict do nothing`;
  }
  await sql`alter table readings enable trigger note_inserted_readings`;
  await sql`vacuum analyze readings`;
  await sql`checkpoint`;
}

async function tellSizes(sql: Sql) {
  const [sizes] = await sql<{ telegram: number; index: number; reading: number; readingIndex: number }[]>`
    select pg_relation_size('telegrams_2026_01') / (select count(*) from telegrams_2026_01)::float8 as telegram,
      pg_indexes_size('telegrams_2026_01') / (select count(*) from telegrams_2026_01)::float8 as index,
      pg_relation_size('readings_2026_01') / (select count(*) from readings_2026_01)::float8 as reading,
      pg_indexes_size('readings_2026_01') / (select count(*) from readings_2026_01)::float8 as "readingIndex"`;
  const { telegram = NaN, index = NaN, reading = NaN, readingIndex = NaN } = sizes ?? {};
  report("bytes a telegram, its indexes", `${readable(telegram)}, ${readable(index)}`);
  report("bytes a reading, its index", `${readable(reading)}, ${readable(readingIndex)}`);
}

function percentile(values: number[], part: number): string {
  const sorted = values.toSorted((a, b) => a - b);
  return readable(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? NaN);
}
