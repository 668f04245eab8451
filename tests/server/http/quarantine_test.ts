import { assertEquals } from "@std/assert";
import { OTHER_TOKEN, site } from "./site.ts";

Deno.test("GET /api/v1/quarantine lists newest first, one entry with its bytes, and a tenant's own alone", async () => {
  await using at = await site();
  for (const text of ["{1", "{2", "{3"]) {
    await at.ingest([{ origin: "mqtt", gateway: "GW-0001", payload: new TextEncoder().encode(text) }]);
  }
  await at.ingest([{ origin: "mqtt", gateway: "GW-0404", payload: new TextEncoder().encode("{4") }]);
  const { json } = await at.api("GET", "/api/v1/quarantine?limit=2");
  assertEquals(json.quarantine.map((one: Record<string, unknown>) => [one.code, one.times, one.bytes]), [
    ["json", "1", 2],
    ["json", "1", 2],
  ]);
  const newest = await at.api("GET", `/api/v1/quarantine/${json.quarantine[0].id}`);
  assertEquals(new TextDecoder().decode(Uint8Array.fromHex(newest.json.payload)), "{3");
  const rest = await at.api("GET", `/api/v1/quarantine?before=${json.next}`);
  assertEquals([rest.json.quarantine.length, rest.json.next], [1, null]);
  assertEquals((await at.api("GET", "/api/v1/quarantine", { token: OTHER_TOKEN })).json.quarantine, []);
  const path = `/api/v1/quarantine/${json.quarantine[0].id}`;
  assertEquals((await at.api("GET", path, { token: OTHER_TOKEN })).status, 404);
});

Deno.test("GET /api/v1/status says what this process took in", async () => {
  await using at = await site();
  await at.ingest([{ origin: "mqtt", gateway: "GW-0001", payload: new TextEncoder().encode("{") }]);
  const { json } = await at.api("GET", "/api/v1/status");
  assertEquals([json.ingest.messages, json.ingest.quarantined], [1, 1]);
});
