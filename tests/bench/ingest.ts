import { delay } from "@std/async";
import type { Sql } from "../../server/db/mod.ts";
import { findProgram } from "../fixtures/needs.ts";
import { privatePostgres } from "../fixtures/private_postgres.ts";
import { benchSite, type Measured } from "./ingest/bench_site.ts";
import { copySeconds } from "./ingest/copy.ts";
import { type BenchMessage, messageMaker } from "./ingest/gateways.ts";
import { numberOption, readable, report } from "./report.ts";

const GATEWAYS = Array.from({ length: 8 }, (_, n) => `GW-000${n + 1}`);
const TOKEN = (gateway: string) => `mbg_${gateway.padEnd(43, "x")}`;

/**
 * One server process between a private mosquitto (mutual TLS) and a private PostgreSQL that syncs each commit to the
 * disk; each figure beside psql's COPY of the same rows into the same tables, in the same run.
 * `--messages=N` of 50 readouts (default 400), `--rows=N` of readings in the table for the last figure (default
 * 1,000,000), `--rounds=N` (default 3) of which the best counts. For that figure a second server on an empty database
 * takes turns with the first: both have the same of what else the machine does.
 */
export async function benchIngest(options: string[]): Promise<void> {
  if (findProgram("mosquitto") === null || findProgram("initdb") === null) {
    throw new Error("Cannot bench ingest: it needs mosquitto and PostgreSQL");
  }
  const count = numberOption(options, "messages", 400);
  const rows = numberOption(options, "rows", 1_000_000);
  const rounds = numberOption(options, "rounds", 3);
  privatePostgres({ durable: true });
  await using site = await benchSite(GATEWAYS, TOKEN);
  const { sql, gateways, measured } = site;
  const [settings] = await sql`
      select current_setting('fsync') as fsync, current_setting('synchronous_commit') as commit, version()`;
  report("database", `fsync ${settings?.fsync}, synchronous_commit ${settings?.commit}`);
  const make = messageMaker(GATEWAYS);
  await gateways.publish(make(40)); // series and partitions are there then, as they are in a site

  const copies: Measured[] = [];
  const figures: Record<"mqtt" | "http" | "again" | "empty" | "full", Measured[]> = {
    mqtt: [],
    http: [],
    again: [],
    empty: [],
    full: [],
  };
  for (let round = 0; round < rounds; round++) {
    const messages = make(count);
    figures.mqtt.push(await measured(() => gateways.publish(messages)));
    figures.again.push({
      ...await measured(() => gateways.publish(messages)),
      telegrams: figures.mqtt[0]?.telegrams ?? 0,
    });
    figures.http.push(await measured(() => post(make(count), site.httpPort)));
    copies.push(await copied(sql, site.databaseUrl));
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
  // After the upkeep of one, at the beginning of the other: both come again in a minute.
  await using other = await benchSite(GATEWAYS, TOKEN);
  await other.gateways.publish(make(40));
  for (let round = 0; round < rounds; round++) {
    figures.empty.push(await other.measured(() => other.gateways.publish(make(count))));
    figures.full.push(await measured(() => gateways.publish(make(count))));
  }
  const full = best(figures.full);
  tell(`(e) MQTT to commit beside ${readable(rows)} readings`, full, limit);
  report(
    "    e / b in turns, of the best rounds and of the medians",
    [best, middle].map((pick) => {
      return readable(speed(pick(figures.full)) / speed(pick(figures.empty)));
    }).join(", "),
  );
  await tellSizes(sql);
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

function tell(what: string, measured: Measured, limit: number) {
  const { readings, telegrams, seconds, megabytes, perBatch, commitMs } = measured;
  report(
    `${what}, readings a second`,
    `${readable(readings / seconds)} (${readable(readings / seconds / limit)} of a)`,
  );
  report("    telegrams a second; resident", `${readable(telegrams / seconds)}; ${readable(megabytes)} MB`);
  report("    messages a batch; its decoding and commit", `${readable(perBatch)}; ${readable(commitMs)} ms`);
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
