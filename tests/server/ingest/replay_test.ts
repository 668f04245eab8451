import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { Sql } from "../../../server/db/mod.ts";
import { createIngest } from "../../../server/ingest/mod.ts";
import { type QuarantinedEntry, replay } from "../../../server/ingest/replay.ts";
import { NO_KNOWLEDGE } from "../../../server/meter_keys/knowledge.ts";
import { testDatabase } from "../../fixtures/private_postgres.ts";
import { heatMeterFrame, payload, readout } from "../../fixtures/readouts.ts";

const now = () => new Date("2026-01-31T12:00:00.000Z");

async function entries(sql: Sql): Promise<QuarantinedEntry[]> {
  const rows = await sql<QuarantinedEntry[]>`
    select quarantine_id::text as id, tenant_id as "tenantId", code, origin, gateway_id as gateway, epoch::text,
      received_at as "receivedAt", payload
    from quarantine order by quarantine_id`;
  return rows.map((row) => ({ ...row, payload: new Uint8Array(row.payload) }));
}

async function site(...payloads: Uint8Array[]) {
  const stack = new AsyncDisposableStack();
  const { database } = stack.use(await testDatabase());
  await database.sql`insert into gateways (tenant_id, gateway_id, token_hash) values (1, 'GW-0001', sha256('one'))`;
  const { ingest } = createIngest({ database, now });
  await ingest(payloads.map((payload) => ({ origin: "mqtt", gateway: "GW-0001", payload })));
  return { database, sql: database.sql, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

Deno.test("replay() takes in a far-future readout when its time has come, and notes it", async () => {
  await using at = await site(payload([readout({ seq: 7, readAt: "2026-02-15T00:00:00.000Z" })]));
  const [entry] = await entries(at.sql);
  assert(entry !== undefined);
  const early = await replay(entry, { database: at.database, knowledge: NO_KNOWLEDGE, now });
  assert(!early.taken);
  assertStringIncludes(early.reason, "its time 2026-02-15T00:00:00.000Z is not between");
  const later = () => new Date("2026-02-16T00:00:00.000Z");
  const result = await replay(entry, { database: at.database, knowledge: NO_KNOWLEDGE, now: later });
  assertEquals(result, { taken: true, stored: 1, duplicates: 0 });
  const [row] = await at.sql`select replayed_at is not null as done, times::int from quarantine`;
  assertEquals({ ...row }, { done: true, times: 1 });
  assertEquals((await at.sql`select count(*)::int as n from readings`)[0]?.n, 1);
});

Deno.test("replay() leaves what is still at fault as it is, also a readout that was taken out of its message", async () => {
  const bad = JSON.parse(new TextDecoder().decode(payload([readout()])));
  bad.readouts[0].frames = ["no hex"];
  const bytes = new TextEncoder().encode(JSON.stringify(bad));
  await using at = await site(payload([readout({ seq: 2 })]), bytes, new TextEncoder().encode("{"));
  await using other = await site(
    payload([readout()]),
    payload([readout({ frames: [heatMeterFrame({ energyKwh: 9 })] })]),
  );
  for (const { database, sql } of [at, other]) {
    for (const entry of await entries(sql)) {
      assert(!(await replay(entry, { database, knowledge: NO_KNOWLEDGE, now })).taken, entry.code);
    }
    const [touched] = await sql`
      select count(*)::int as n from quarantine where times <> 1 or replayed_at is not null`;
    assertEquals(touched?.n, 0);
  }
});
