import { assertEquals, assertRejects } from "@std/assert";
import { openDatabase, transaction } from "../../../server/db/mod.ts";
import { createIngest, type IncomingMessage, type IngestResult } from "../../../server/ingest/mod.ts";
import { needs } from "../../fixtures/needs.ts";
import { freshDatabase, testDatabase } from "../../fixtures/private_postgres.ts";
import { EPOCH, heatMeterFrame, payload, readout } from "../../fixtures/readouts.ts";
import { until } from "../../fixtures/until.ts";
import { type Site, siteOn } from "./ingest_cases.ts";

const now = () => new Date("2026-01-31T12:00:00.000Z");

/** A message of a gateway's meter with one readout, which states a number and a date that no other states. */
function message(gateway: string, seq: number, energyKwh = seq): IncomingMessage {
  const identification = gateway.slice(-4).padStart(8, "0");
  const records = [{ field: "typeG" as const, vib: "6C", value: `2026-01-${String(seq).padStart(2, "0")}` }];
  const frames = [heatMeterFrame({ identification, energyKwh, accessNumber: seq, records })];
  const readAt = `2026-01-31T11:00:${String(seq).padStart(2, "0")}.000Z`;
  return { origin: "mqtt", gateway, payload: payload([readout({ seq, readAt, frames })], { gateway }) };
}

async function tenantTwo({ sql }: Site) {
  await sql`insert into tenants (tenant_id, name) values (2, 'second')`;
}

Deno.test("ingest() writes a batch of several gateways by one statement", async () => {
  await using at = await siteOn(await testDatabase());
  await at.takeAll([message("GW-0001", 1), message("GW-0002", 1)]); // their meters and series are known then
  const results = await at.takeAll([message("GW-0002", 2), message("GW-0001", 2), message("GW-0001", 3)]);
  assertEquals(results.map(({ stored }) => stored), [1, 1, 1]);
  // cmin counts the statements of a transaction that wrote something: it is 0 for the first one.
  const written = await at.sql`
    select what, count(*)::integer as rows, count(distinct xmin::text)::integer as transactions,
      array_agg(distinct cmin::text) as statements
    from (
      select 'telegram' as what, xmin, cmin from telegrams where seq > 1
      union all select 'reading', xmin, cmin from readings where time > '2026-01-31T11:00:01Z'
      union all select 'attribute', xmin, cmin from meter_attributes where time > '2026-01-31T11:00:01Z'
      union all select 'gateway', xmin, cmin from gateways
    ) found group by what order by what`;
  const counted = written.map(({ what, rows, transactions, statements }) => [what, rows, transactions, statements]);
  assertEquals(counted, [
    ["attribute", 3, 1, ["0"]],
    ["gateway", 2, 1, ["0"]],
    ["reading", 3, 1, ["0"]],
    ["telegram", 3, 1, ["0"]],
  ]);
  const [{ xids } = {}] = await at.sql`
    select count(distinct xid)::integer as xids from (
      select xmin::text as xid from telegrams where seq > 1 union all select xmin::text from gateways
    ) found`;
  assertEquals(xids, 1);
  const latest = await at.sql`select gateway_id, last_reading_at from gateways order by gateway_id`;
  assertEquals(latest.map((row) => [row.gateway_id, row.last_reading_at.toISOString()]), [
    ["GW-0001", "2026-01-31T11:00:03.000Z"],
    ["GW-0002", "2026-01-31T11:00:02.000Z"],
  ]);
});

Deno.test("ingest() takes in for the tenant that a gateway has now, not for the one it had", async () => {
  await using at = await siteOn(await testDatabase());
  await tenantTwo(at);
  await at.takeAll([message("GW-0001", 1), message("GW-0002", 1)]);
  await at.sql`update gateways set tenant_id = 2 where gateway_id = 'GW-0001'`;
  const results = await at.takeAll([message("GW-0001", 2), message("GW-0002", 2)]);
  assertEquals(results.map(({ stored, confirmation }) => [stored, confirmation?.held]), [[1, [[2, 2]]], [1, [[2, 2]]]]);
  for (const table of ["telegrams", "readings", "meter_attributes"]) {
    const rows = await at.sql`select tenant_id, count(*)::integer as n from ${at.sql(table)} group by 1 order by 1`;
    assertEquals(rows.map((row) => [row.tenant_id, row.n]), [[1, 3], [2, 1]], table);
  }
  assertEquals(at.counts.rewritten, 0);
});

Deno.test("ingest() sets aside what a gateway sends that was removed since its last message", async () => {
  await using at = await siteOn(await testDatabase());
  await at.takeAll([message("GW-0001", 1), message("GW-0002", 1)]);
  await at.sql`delete from gateways where gateway_id = 'GW-0001'`;
  const results = await at.takeAll([message("GW-0001", 2), message("GW-0002", 2)]);
  const told = results.map(({ stored, quarantined, confirmation }) => [stored, quarantined, confirmation !== null]);
  assertEquals(told, [[0, 1, false], [1, 0, true]]);
  const [row] = await at.sql`select code, gateway_id from quarantine`;
  assertEquals([row?.code, row?.gateway_id], ["unregistered", "GW-0001"]);
});

Deno.test({
  name: "ingest() waits for a heartbeat that is being stored, and knows the gateway for the same",
  ...needs("initdb"),
  async fn() {
    await using at = await siteOn(await freshDatabase());
    await at.takeAll([message("GW-0001", 1)]);
    let taken: Promise<IngestResult[]> = Promise.resolve([]);
    await transaction(at.database, async (tx) => {
      await tx`update gateways set last_heartbeat_at = now() where gateway_id = 'GW-0001'`;
      taken = at.takeAll([message("GW-0001", 2)]);
      await until("it waits", async () => await waiting(at) === 1);
    });
    assertEquals((await taken).map(({ stored }) => stored), [1]);
    const [row] = await at.sql`
      select last_reading_at, last_heartbeat_at is not null as heard, readings.cmin::text as cmin
      from gateways join telegrams using (gateway_id) join readings using (telegram_id) where seq = 2`;
    assertEquals([row?.last_reading_at.toISOString(), row?.heard], ["2026-01-31T11:00:02.000Z", true]);
    assertEquals(row?.cmin, "0"); // by the one statement: it was not taken back and written with a look
  },
});

Deno.test({
  name: "ingest() of two servers that are given the same messages in opposite orders ends in no deadlock",
  ...needs("initdb"),
  async fn() {
    await using own = await freshDatabase();
    await using database = await openDatabase({ url: own.url, maxConnections: 4 });
    await using at = await siteOn({ database, async [Symbol.asyncDispose]() {} });
    const gateways = ["GW-0001", "GW-0002", "GW-0003"];
    await at.sql`insert into gateways (tenant_id, gateway_id, token_hash) values (1, 'GW-0003', sha256('three'))`;
    const servers = [1, 2].map(() => createIngest({ database, now }));
    for (const [index, { ingest }] of servers.entries()) { // both know the meters then
      await ingest(gateways.map((gateway) => message(gateway, index + 1)));
    }

    const messages = gateways.map((gateway) => message(gateway, 3));
    let both: Promise<unknown[]> = Promise.resolve([]);
    const held = transaction(database, async (tx) => {
      // Someone has the key in the middle: each server has written what it comes to before it, and waits.
      await tx`
        insert into telegrams (tenant_id, gateway_id, epoch, seq, read_at, position, kind, bytes, bus, address,
          clock_trusted, decoder_version)
        select 1, 'GW-0002', ${EPOCH}, 3, '2026-01-31T11:00:03Z', 0, 'frame', '', 'main', 'p5', true, 1`;
      both = Promise.all(servers.map(({ ingest }, index) => ingest(index === 0 ? messages : messages.toReversed())));
      await until("both wait", async () => await waiting(at) === 2);
      await at.sql`select from gateways for update nowait`; // theirs are locked at the very end
      throw new TakenBack();
    });
    await assertRejects(() => held, TakenBack);
    const results = (await both).flat() as IngestResult[];
    assertEquals(results.reduce((sum, { stored }) => sum + stored, 0), 3);
    assertEquals(results.reduce((sum, { duplicates }) => sum + duplicates, 0), 3);
  },
});

async function waiting({ sql }: Site): Promise<number> {
  const [row] = await sql`select count(*)::integer as n from pg_locks where not granted`;
  return row?.n;
}

class TakenBack extends Error {}
