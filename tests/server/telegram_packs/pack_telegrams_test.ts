import { assert, assertEquals, assertRejects } from "@std/assert";
import { silentLog } from "@mbus-gateway/resource";
import { dropExpired, openDatabase, transaction } from "../../../server/db/mod.ts";
import { giveBackMonth } from "../../../server/telegram_packs/closed_months.ts";
import { packTelegrams } from "../../../server/telegram_packs/pack_telegrams.ts";
import { freePort } from "../../fixtures/free_port.ts";
import { needs } from "../../fixtures/needs.ts";
import { freshDatabase, testDatabase } from "../../fixtures/private_postgres.ts";
import { serverProcess } from "../../fixtures/server_process.ts";
import { until } from "../../fixtures/until.ts";
import { numbered } from "./pack_case.ts";
import { DAYS, NOW, signal, siteOn } from "./site.ts";

Deno.test("packTelegrams() that is switched off does nothing", async () => {
  await using at = await siteOn(await testDatabase());
  await at.take(numbered(1));
  await at.pack({ afterDays: null });
  assertEquals([await at.packs(), await at.seqsOfRows()], [[], [1]]);
});

Deno.test("dropExpired() drops packs with the telegrams of their month", async () => {
  await using at = await siteOn(await testDatabase());
  await at.take(numbered(1));
  await at.pack();
  const retention = { telegramDays: 366, readingDays: null, hourDays: null };
  assertEquals(await dropExpired(at.database, retention, new Date("2027-02-01T12:00:00Z"), silentLog), []);
  assertEquals(await dropExpired(at.database, retention, new Date("2027-02-02T12:00:00Z"), silentLog), [
    "telegrams_2026_01",
    "telegram_packs_2026_01",
  ]);
  assertEquals((await at.take(numbered(1))).stored, 1);
});

Deno.test({
  name: "a server packs what is older than COMPRESS_TELEGRAMS_AFTER_DAYS, with no other rights than it has",
  ...needs("initdb"),
  async fn() {
    const one = await freshDatabase();
    await using at = await siteOn(one);
    await at.take(numbered(1, 2, 3));
    await at.age();
    // As if it had been said an hour ago.
    await at
      .sql`insert into telegram_packing (packed_before, said_at) values ('2100-01-01', now() - interval '1 hour')`;
    const env = { DATABASE_URL: one.url, HTTP_PORT: String(freePort()), COMPRESS_TELEGRAMS_AFTER_DAYS: "1" };
    await using server = serverProcess(env, ["serve", "--role", "api"]);
    await server.start();
    await until("they are packed", async () => (await at.packs()).length > 0);
    assertEquals([await at.packs(), await at.rows()], [[3], []]);
    assertEquals(await server.stop(), 0);
  },
});

Deno.test({
  name: "packTelegrams() whose connection is lost before the commit has lost nothing",
  ...needs("initdb"),
  async fn() {
    const one = await freshDatabase();
    await using at = await siteOn(one);
    await at.take(numbered(...Array.from({ length: 100 }, (_, index) => index + 1)));
    await at.age();
    const before = await at.rows();
    await at.sql`select ensure_month('telegram_packs', '2026-01-01')`;
    // Held up after its rows are deleted: another transaction has the pack's key.
    await using other = await openDatabase({ url: one.url, maxConnections: 2 });
    await using server = await openDatabase({ url: one.url, maxConnections: 1 });
    const pack = packTelegrams({ database: server, afterDays: DAYS, now: () => NOW, log: silentLog });
    await pack(signal);
    await at.heard();
    const packing = transaction(other, async (tx) => {
      await tx`lock table telegram_packs in share mode`;
      const failing = assertRejects(() => pack(signal));
      await until("it waits", async () => {
        const waiting = await other.sql`
          select pg_terminate_backend(pid) from pg_stat_activity
          where datname = current_database() and wait_event_type = 'Lock' and query like '%telegram_packs%'`;
        return waiting.length > 0;
      });
      await failing;
    });
    await packing;
    assertEquals([await at.rows(), await at.packs()], [before, []]);
    await pack(signal);
    assertEquals([(await at.rows()).length, await at.packs()], [0, [100]]);
  },
});

Deno.test({
  name: "giveBackMonth() leaves a month alone that is written into at that moment, and keeps what was written",
  ...needs("initdb"),
  async fn() {
    const one = await freshDatabase();
    await using at = await siteOn(one);
    for (let part = 0; part < 3; part++) {
      await at.take(numbered(...Array.from({ length: 300 }, (_, index) => part * 300 + index + 1)));
    }
    await at.pack({ perCall: 1 }); // one part, and not to its end
    const size = async () => Number((await at.sql`select pg_relation_size('telegrams_2026_01') as size`)[0]?.size);
    const full = await size();
    await using other = await openDatabase({ url: one.url, maxConnections: 1 });
    await transaction(other, async (tx) => {
      await tx`
        insert into telegrams (tenant_id, gateway_id, epoch, seq, read_at, position, kind, bytes, bus, address,
          clock_trusted, decoder_version)
        values (1, 'GW-0002', ${crypto.randomUUID()}, 7, '2026-01-31T00:00:00Z', 0, 'frame', '\\x00', 'main', 'p1', true, 1)`;
      assertEquals(await giveBackMonth(at.database, "2026-01-01"), false);
    });
    assertEquals(await size(), full);
    assertEquals(await giveBackMonth(at.database, "2026-01-01"), true);
    assert(await size() < full);
    assertEquals(await at.seqsOfRows(), [7]);
  },
});
