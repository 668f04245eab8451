import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { createIngest } from "../../../server/ingest/mod.ts";
import { needs } from "../../fixtures/needs.ts";
import { freshDatabase } from "../../fixtures/private_postgres.ts";
import { heatMeterFrame, payload, readout } from "../../fixtures/readouts.ts";
import { runToEnd, serverRights } from "../../fixtures/server_process.ts";

/** A thousand readouts of which the database rejects one, and a gateway that nobody registered. */
async function site() {
  const at = await freshDatabase();
  const env = { DATABASE_URL: at.url };
  const { sql } = at.database;
  await sql`insert into gateways (tenant_id, gateway_id, token_hash) values (1, 'GW-0001', sha256('one'))`;
  await sql`alter table readings add constraint no_666 check (value <> 666000)`;
  const { ingest } = createIngest({ database: at.database, now: () => new Date("2026-01-31T12:00:00.000Z") });
  const readouts = Array.from({ length: 1000 }, (_, index) =>
    readout({
      seq: index + 1,
      readAt: new Date(Date.UTC(2026, 0, 31, 10, 0, index)).toISOString(),
      frames: [heatMeterFrame({ energyKwh: index === 665 ? 666 : 1000 + index })],
    }));
  const results = await ingest([
    { origin: "mqtt", gateway: "GW-0001", payload: payload(readouts) },
    { origin: "mqtt", gateway: "GW-0404", payload: payload([readout()], { gateway: "GW-0404" }) },
  ]);
  return {
    sql,
    results,
    operate: (...args: string[]) => runToEnd([...serverRights(env), "server/main.ts", "quarantine", ...args], env),
    count: async (table: string) => Number((await sql`select count(*) as n from ${sql(table)}`)[0]?.n),
    [Symbol.asyncDispose]: () => at[Symbol.asyncDispose](),
  };
}

Deno.test({
  name: "quarantine lists and shows what was set aside, and puts it back once it is mended",
  ...needs("initdb"),
  async fn() {
    await using at = await site();
    assertEquals(at.results.map(({ stored, quarantined }) => [stored, quarantined]), [[999, 1], [0, 1]]);

    const listed = await at.operate("list", "--json");
    const entries = listed.stdout.trim().split("\n").map((line) => JSON.parse(line));
    assertEquals(entries.map(({ code, gateway, seq }) => [code, gateway, seq]).sort(), [
      ["database", "GW-0001", "666"],
      ["unregistered", "GW-0404", null],
    ]);
    const { id } = entries.find(({ code }) => code === "database");
    const shown = await at.operate("show", id);
    assertStringIncludes(shown.stdout, "no_666");
    assertStringIncludes(shown.stdout, '"seq":666');

    const early = await at.operate("retry", id);
    assertEquals(early.code, 1);
    assertStringIncludes(early.stdout, `${id} stays: Cannot store readout:`);
    assertStringIncludes(early.stdout, "0 put back, 1 stay");
    assertEquals(await at.count("telegrams"), 999);

    await at.sql`alter table readings drop constraint no_666`;
    const mended = await at.operate("retry", "--all", "--code", "database");
    assertEquals([mended.code, mended.stdout], [0, "1 put back, 0 stay\n"]);
    assertEquals([await at.count("telegrams"), await at.count("readings")], [1000, 1000]);
    const [row] = await at.sql`select replayed_at from quarantine where code = 'database'`;
    assert(row?.replayed_at instanceof Date);
    assert(!(await at.operate("list")).stdout.includes("no_666"));
    assertStringIncludes((await at.operate("list", "--replayed")).stdout, "(put back ");
  },
});

Deno.test({
  name: "quarantine retry takes in a gateway's message after the gateway was registered",
  ...needs("initdb"),
  async fn() {
    await using at = await site();
    await at.sql`insert into gateways (tenant_id, gateway_id, token_hash) values (1, 'GW-0404', sha256('other'))`;
    const { code, stdout } = await at.operate("retry", "--all", "--gateway", "GW-0404");
    assertEquals([code, stdout], [0, "1 put back, 0 stay\n"]);
    const rows = await at.sql`select tenant_id from telegrams where gateway_id = 'GW-0404'`;
    assertEquals(rows.map((row) => row.tenant_id), [1]);
  },
});

Deno.test({
  name: "quarantine says what is wrong with its words",
  ...needs("initdb"),
  async fn() {
    await using at = await site();
    for (
      const [args, sentence] of [
        [["drop"], '"drop" is not one of list, show, retry'],
        [["retry"], "name their ids, or --all"],
        [["show", "abc"], "expected an id of quarantine list"],
        [["retry", "999999"], "some are not there"],
      ] as const
    ) {
      const { code, stderr } = await at.operate(...args);
      assertEquals(code, 2);
      assertStringIncludes(stderr, sentence);
    }
  },
});
