import { assertEquals } from "@std/assert";
import { silentLog } from "@mbus-gateway/resource";
import { type Database, dropExpired, ensurePartitions } from "../../../server/db/mod.ts";
import { createIngest } from "../../../server/ingest/mod.ts";
import { site as consumptionSite } from "../consumption/site.ts";
import { needs } from "../../fixtures/needs.ts";
import { freshDatabase, testDatabase } from "../../fixtures/private_postgres.ts";
import { payload, readout } from "../../fixtures/readouts.ts";

const now = new Date("2026-01-31T12:00:00.000Z");

async function partitions({ sql }: Database): Promise<string[]> {
  const rows = await sql`
    select relname from pg_inherits join pg_class on pg_class.oid = inhrelid
    where inhparent in ('telegrams'::regclass, 'readings'::regclass) and relkind = 'r' order by 1`;
  return rows.map(({ relname }) => relname);
}

Deno.test("ensurePartitions() makes last month to two months ahead, also when two servers do so at once", async () => {
  await using at = await testDatabase();
  await Promise.all([ensurePartitions(at.database, now), ensurePartitions(at.database, now)]);
  assertEquals(await partitions(at.database), [
    ...["readings_2025_12", "readings_2026_01", "readings_2026_02", "readings_2026_03"],
    ...["telegrams_2025_12", "telegrams_2026_01", "telegrams_2026_02", "telegrams_2026_03"],
  ]);
});

Deno.test({
  name: "a month's partition is made beside a long transaction, and ingest does not wait for it",
  ...needs("initdb"),
  fn: async () => {
    await using at = await freshDatabase();
    const { sql } = at.database;
    await ensurePartitions(at.database, now);
    await sql.begin(async (tx) => {
      await tx`select count(*) from readings`;
      await tx`lock table readings, telegrams in row exclusive mode`; // as whoever writes them
      await sql.begin(async (other) => {
        await other`set local lock_timeout = '5s'`;
        await other`select ensure_month('readings', '2024-05-01'), ensure_month('telegrams', '2024-05-01')`;
      });
    });
    assertEquals((await partitions(at.database)).filter((name) => name.includes("2024")), [
      "readings_2024_05",
      "telegrams_2024_05",
    ]);
  },
});

Deno.test("dropExpired() drops whole months when their last day is over for long enough, by table", async () => {
  await using at = await testDatabase();
  const { database } = at;
  await database.sql`insert into gateways (tenant_id, gateway_id, token_hash) values (1, 'GW-0001', sha256('one'))`;
  const { ingest } = createIngest({ database, now: () => now });
  const times = [
    "2023-12-31T23:59:59.000Z",
    "2024-01-31T11:00:00.000Z",
    "2024-02-01T00:00:00.000Z",
    "2026-01-01T00:00:00.000Z",
  ];
  const readouts = times.map((readAt, index) => readout({ seq: index + 1, readAt }));
  await ingest([{ origin: "mqtt", gateway: "GW-0001", payload: payload(readouts) }]);

  assertEquals(
    await dropExpired(database, { telegramDays: null, readingDays: null, hourDays: null }, now, silentLog),
    [],
  );
  // 730 days before is 2024-02-01: January of that year is just over.
  const retention = { telegramDays: 730, readingDays: null, hourDays: null };
  const later = new Date("2026-01-31T00:00:00.000Z");
  assertEquals(await dropExpired(database, retention, later, silentLog), ["telegrams_2023_12", "telegrams_2024_01"]);
  assertEquals(await dropExpired(database, retention, later, silentLog), []);
  const [rows] = await database.sql`
    select (select count(*) from telegrams)::int as telegrams, (select count(*) from readings)::int as readings`;
  assertEquals({ ...rows }, { telegrams: 2, readings: 4 });
});

Deno.test("dropExpired() is no obstacle to a readout of a dropped month that comes later still", async () => {
  await using at = await testDatabase();
  const { database } = at;
  await database.sql`insert into gateways (tenant_id, gateway_id, token_hash) values (1, 'GW-0001', sha256('one'))`;
  const { ingest } = createIngest({ database, now: () => now });
  const take = async (seq: number) => {
    const readAt = `2024-01-31T11:00:0${seq}.000Z`;
    return await ingest([{ origin: "mqtt", gateway: "GW-0001", payload: payload([readout({ seq, readAt })]) }]);
  };
  await take(1);
  const retention = { telegramDays: 366, readingDays: 366, hourDays: null };
  assertEquals((await dropExpired(database, retention, now, silentLog)).length, 2);
  const [result] = await take(2);
  assertEquals([result?.stored, result?.quarantined], [1, 0]);
});

Deno.test("dropExpired() deletes consumption by hour alone, and days and months of it stay", async () => {
  await using at = await consumptionSite();
  await at.place(1, "2025-12-15T12:00:00.000Z");
  const first = Date.parse("2025-12-01T00:00:00Z");
  await at.take(Array.from({ length: 60 * 24 }, (_, hour) => ({
    ...{ series: "1", time: first + hour * 3_600_000, value: String(hour) },
  })));
  await at.refresh();
  const [days, months] = [await at.consumption("day"), await at.consumption("month")];
  await dropExpired(at.database, { telegramDays: null, readingDays: null, hourDays: 31 }, now, silentLog);
  const [oldest] = await at.consumption("hour");
  assertEquals(oldest?.[0], "2025-12-31T12:00:00.000Z");
  assertEquals([await at.consumption("day"), await at.consumption("month")], [days, months]);
});
