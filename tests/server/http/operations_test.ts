import { assertEquals, assertMatch } from "@std/assert";
import { silentLog } from "@mbus-gateway/resource";
import { operationsApp } from "../../../server/http/operations.ts";
import { createIngest, ingestLanes, ingestMetrics } from "../../../server/ingest/mod.ts";
import { testDatabase } from "../../fixtures/private_postgres.ts";
import { payload, readout } from "../../fixtures/readouts.ts";

Deno.test("operationsApp() tells Prometheus what was taken in, and nothing else to anybody", async () => {
  await using at = await testDatabase();
  const { database } = at;
  await database.sql`insert into gateways (tenant_id, gateway_id, token_hash) values (1, 'GW-0001', sha256('one'))`;
  const { ingest, counts } = createIngest({ database, now: () => new Date("2026-01-31T12:00:00.000Z") });
  const metrics = ingestMetrics();
  await using lanes = ingestLanes({ ingest, lanes: 1, onStored: metrics.observe });
  const app = operationsApp({ database, log: silentLog, metrics: () => metrics.text(counts, lanes.waiting) });
  for (let twice = 0; twice < 2; twice++) {
    await lanes.submit({ origin: "mqtt", gateway: "GW-0001", payload: payload([readout()]) });
  }
  const answer = await app.request("/metrics");
  assertEquals(answer.headers.get("content-type"), "text/plain; version=0.0.4; charset=utf-8");
  const text = await answer.text();
  const value = (name: string) => Number(new RegExp(`^${name} (\\S+)$`, "m").exec(text)?.[1]);
  assertEquals(value("mbus_ingest_messages_total"), 2);
  assertEquals(value("mbus_ingest_readouts_total"), 1);
  assertEquals(value("mbus_ingest_duplicates_total"), 1);
  assertEquals(value("mbus_ingest_lag_seconds_count"), 2);
  assertEquals(value("mbus_ingest_waiting_messages"), 0);
  // The whole text is what the format allows: comments, and names with a value.
  for (const line of text.trimEnd().split("\n")) {
    assertMatch(line, /^(# (HELP|TYPE) \w+ .+|\w+(\{le="[^"]+"\})? [\d.e+-]+)$/);
  }
  assertEquals((await app.request("/healthz")).status, 200);
  for (const path of ["/", "/api/v1/meters", "/sign-in"]) assertEquals((await app.request(path)).status, 404);
});
