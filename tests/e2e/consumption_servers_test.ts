import { assert, assertEquals, assertGreater } from "@std/assert";
import { delay } from "@std/async";
import type { Readout } from "@mbus-gateway/wire";
import { amountText, parseAmount } from "../../server/consumption/amount.ts";
import { CONSUMPTION_LOCK } from "../../server/consumption/refresh.ts";
import { type Database, migrate, transaction } from "../../server/db/mod.ts";
import { needs } from "../fixtures/needs.ts";
import { oneOfManyServers } from "../fixtures/server_process.ts";
import { realPlatform, type SitePlatform } from "../fixtures/site_platform.ts";
import { until } from "../fixtures/until.ts";
import { referencePeriods } from "../server/consumption/reference.ts";
import type { Reading } from "../server/consumption/site.ts";
import { ResendingGateway } from "../server/ingest/resending_gateway.ts";

const HOUR = 3_600_000;
const TIME_ZONE = "Europe/Copenhagen";
/** A month in which clocks are put on, and one more. */
const START = Date.parse("2026-03-09T23:00:00Z");
const COUNTERS = 24;
const HOURS = 45 * 24;
/** What comes late are the odd hours of five days. */
const LATE_FROM = 10 * 24 + 1;
const LATE_EACH = 60;

function valueOf(counter: number, hour: number): number {
  return hour * (counter + 5) + (hour * 7) % 5;
}

/** The late readout of a sequence number, of one counter after the other. */
function lateReadout(seq: number): Readout {
  const counter = (seq - 1) % COUNTERS + 1;
  const hour = LATE_FROM + 2 * Math.floor((seq - 1) / COUNTERS);
  return {
    ...{ seq, bus: "main", address: `p${counter}`, clock: "trusted" },
    readAt: new Date(START + hour * HOUR).toISOString(),
    meter: { manufacturer: "MGW", identification: numberOf(counter), version: 1, deviceTypeCode: 4 },
    values: [{
      ...{ quantity: "energy", unit: "Wh", storageNumber: 0, tariff: 0, subunit: 0, modifiers: [] },
      ...{ function: "instantaneous", value: String(valueOf(counter, hour)) },
    }],
  };
}

function numberOf(counter: number): string {
  return String(counter).padStart(8, "0");
}

/** Counters in a unit, with a reading every other hour, none of them reckoned. */
async function fill(database: Database) {
  await migrate(database);
  const { sql } = database;
  await sql`
    insert into gateways (tenant_id, gateway_id, token_hash)
    values (1, 'GW-0001', sha256('one')), (1, 'GW-0002', sha256('two'))`;
  await sql`insert into properties (tenant_id, name, time_zone) values (1, 'Example Street 1', ${TIME_ZONE})`;
  await sql`insert into units (tenant_id, property_id, label) values (1, 1, '1. left')`;
  await sql`
    insert into meters (tenant_id, identity)
    select 1, 'MGW:' || lpad(n::text, 8, '0') || ':1:4' from generate_series(1, ${COUNTERS}::integer) n order by n`;
  await sql`
    insert into series (
      tenant_id, meter_id, quantity, unit, function, storage_number, tariff, subunit, modifiers, occurrence
    ) select 1, meter_id, 'energy', 'Wh', 'instantaneous', 0, 0, 0, '', 0 from meters order by meter_id`;
  await sql`insert into series_registers (tenant_id, series_id, exponent) select 1, series_id, 0 from series`;
  await sql`
    insert into placements (tenant_id, unit_id, meter_id, role, valid_from)
    select 1, 1, meter_id, 'heat', '2026-01-01' from meters`;
  for (const month of ["2026-03-01", "2026-04-01"]) await sql`select ensure_month('readings', ${month}::text::date)`;
  await sql`
    insert into readings (tenant_id, series_id, time, value, telegram_id, decoder_version)
    select 1, series_id, to_timestamp(${START / 1000}::float8) + hour * interval '1 hour',
      hour * (series_id + 5) + (hour * 7) % 5, 1, 1
    from series cross join generate_series(0, ${HOURS}::integer, 2) hour`;
}

Deno.test({
  name: "several servers reckon consumption as one would, though one is killed at it and readings come late",
  ...needs("mosquitto", "openssl", "initdb"),
  async fn() {
    await using stack = new AsyncDisposableStack();
    const folder = await Deno.makeTempDir();
    stack.defer(() => Deno.remove(folder, { recursive: true }));
    const platform = stack.use(await realPlatform(folder));
    const [first, second, third, fourth] = [1, 2, 3, 4].map((number) =>
      stack.use(oneOfManyServers(platform, number, number === 4 ? "all" : "ingest").program)
    );
    assert(first && second && third && fourth);
    const servers = [first, second, third, fourth];
    await platform.withDatabase(async (database) => {
      await fill(database);
      const ended = new AbortController();
      const watched = watch(platform, ended.signal);
      stack.defer(() => ended.abort());

      // The first to come is killed in the midst of it: it has taken the marks away and reckoned, and is about to write.
      await whileNobodyWrites(platform, async () => {
        await first.start();
        await until("the first server is about to write", async () => (await reckoning(database)).waits);
        await Promise.all([second.start(), third.start()]);
        await first.kill();
        await sendLate(platform, "GW-0001"); // to those that live, and have left the work to the one that is dead
      });
      await until("the database gives up what it had begun", async () => !(await reckoning(database)).goesOn);
      assertEquals(await count(database, "consumption"), 0);
      assertGreater(await count(database, "consumption_changes"), 0);

      // Two come at once to what is left, while more comes in; one of them is killed, too.
      const sent = sendLate(platform, "GW-0002");
      for (const one of [first, fourth]) one.launch();
      await until("one of them reckons", async () => (await reckoning(database)).goesOn);
      await fourth.kill();
      await sent;

      await first.ready();
      assertEquals(await first.stop(), 0);
      for (const one of [first, fourth]) one.launch();
      await until("nothing is left to do", async () => await count(database, "consumption_changes") === 0);
      await agreesWithSlowReckoning(database);
      ended.abort();
      assertEquals(await watched, []);
      await Promise.all([first, fourth].map((one) => one.ready()));
    });
    const failed = servers.flatMap(({ lines }) => lines.filter((line) => line.includes("Cannot do upkeep")));
    assertEquals([await Promise.all(servers.map((one) => one.stop())), failed], [[0, 0, 0, 0], []]);
  },
});

/** The work is done while consumption can be read and not be written. */
async function whileNobodyWrites(platform: SitePlatform, work: () => Promise<void>) {
  await platform.withDatabase((database) =>
    transaction(database, async (tx) => {
      await tx`lock table consumption in share mode`;
      await work();
    })
  );
}

/** Whether some server is reckoning, and whether it waits for a table. */
async function reckoning({ sql }: Database): Promise<{ goesOn: boolean; waits: boolean }> {
  const rows = await sql<{ waits: boolean }[]>`
    select exists (select from pg_locks wanted where wanted.pid = held.pid and not wanted.granted) as waits
    from pg_locks held
    where locktype = 'advisory' and classid = ${CONSUMPTION_LOCK[0]} and objid = ${CONSUMPTION_LOCK[1]} and granted`;
  return { goesOn: rows.length > 0, waits: rows.some(({ waits }) => waits) };
}

async function count({ sql }: Database, table: string): Promise<number> {
  const [row] = await sql<{ rows: number }[]>`select count(*)::integer as rows from ${sql(table)}`;
  return row?.rows ?? NaN;
}

/** Half of what comes late, from a gateway that sends it until it is confirmed. */
async function sendLate(platform: SitePlatform, gateway: "GW-0001" | "GW-0002") {
  const { url = "", ca, cert, key } = await platform.gatewayMqtt(gateway, "");
  const [caText, certText, keyText] = await Promise.all([ca, cert, key].map((file) => Deno.readTextFile(file ?? "")));
  const readouts = COUNTERS * LATE_EACH / 2;
  await new ResendingGateway({
    ...{ gateway, readouts, readoutsPerMessage: 10, mqtt: { url, ca: caText, cert: certText, key: keyText } },
    readoutOf: (seq) => ({ ...lateReadout(gateway === "GW-0001" ? seq : readouts + seq), seq }),
  }).sendAll();
}

/**
 * Looks again and again, each time at one instant, and returns what was ever seen of half a state: hours, days and months
 * that do not add up to the same, or a counter without a mark whose consumption is not that of all its readings.
 */
async function watch(platform: SitePlatform, signal: AbortSignal) {
  return await platform.withDatabase(async ({ sql }) => {
    const torn: unknown[] = [];
    while (!signal.aborted) {
      torn.push(
        ...await sql`
        select series_id, hours, days, months, consumed
        from (
          select series_id, max(value) - min(value) as consumed from readings where is_current group by series_id
        ) read
        left join (
          select series_id, sum(amount) filter (where resolution = 'hour') as hours,
            sum(amount) filter (where resolution = 'day') as days,
            sum(amount) filter (where resolution = 'month') as months
          from consumption group by series_id
        ) reckoned using (series_id)
        where hours is distinct from days or days is distinct from months
          or (days is distinct from consumed and not exists (
            select from consumption_changes where series_id = any (series_ids)
          ))`,
      );
      await delay(20);
    }
    return torn;
  });
}

/** Every period once, and as the slow and obvious way has it. */
async function agreesWithSlowReckoning({ sql }: Database) {
  const rows = await sql<{ series: string; resolution: "hour" | "day" | "month"; start: Date; amount: string }[]>`
    select series_id::text as series, resolution, period_start as start, amount::text from consumption
    order by series_id, resolution, period_start`;
  const found = Map.groupBy(rows, ({ series, resolution }) => `${series} ${resolution}`);
  for (let counter = 1; counter <= COUNTERS; counter++) {
    const readings = Array.from({ length: HOURS + 1 }, (_, hour): Reading[] => {
      const isThere = hour % 2 === 0 || (hour >= LATE_FROM && hour < LATE_FROM + 2 * LATE_EACH);
      const [time, value] = [START + hour * HOUR, String(valueOf(counter, hour))];
      return isThere ? [{ series: String(counter), time, value }] : [];
    }).flat();
    // By hour it is slow indeed.
    for (const resolution of counter % 8 === 1 ? ["hour", "day", "month"] as const : ["day", "month"] as const) {
      assertEquals(
        found.get(`${counter} ${resolution}`)?.map(({ start, amount }) => ({
          start: start.toISOString(),
          amount: amountText(parseAmount(amount)),
        })),
        referencePeriods(readings, TIME_ZONE, resolution),
      );
    }
  }
  assertEquals(found.size, COUNTERS * 3);
}
