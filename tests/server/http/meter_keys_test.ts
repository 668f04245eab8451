import { assertEquals, assertStringIncludes } from "@std/assert";
import { keySecret } from "../../../server/meter_keys/sealed_key.ts";
import { OTHER_TOKEN, site } from "./site.ts";

const PATH = "/api/v1/meter-keys/ELS/44493951";
const key = "000102030405060708090A0B0C0D0E0F";

Deno.test("PUT /api/v1/meter-keys keeps a key sealed, and no answer ever holds it", async () => {
  await using at = await site({ keySecret: keySecret(new Uint8Array(32).fill(1)) });
  assertEquals((await at.api("PUT", PATH, { body: { key } })).status, 204);
  const [row] = await at.sql`select encode(sealed, 'hex') as sealed from meter_keys`;
  assertEquals(row?.sealed.includes(key.toLowerCase()), false);
  const list = await at.api("GET", "/api/v1/meter-keys");
  assertEquals(Object.keys(list.json.keys[0]).sort(), ["changedAt", "fingerprint", "identification", "manufacturer"]);
  assertEquals([list.json.keys[0].manufacturer, list.json.keys[0].identification, list.json.next], [
    "ELS",
    "44493951",
    null,
  ]);
  assertEquals((await at.api("GET", "/api/v1/meter-keys", { token: OTHER_TOKEN })).json.keys, []);
  assertEquals((await at.api("DELETE", PATH, { token: OTHER_TOKEN })).status, 404);
  assertEquals((await at.api("DELETE", PATH)).status, 204);
  assertEquals((await at.api("DELETE", PATH)).status, 404);
});

Deno.test("PUT /api/v1/meter-keys refuses what is no key or no meter, and a server without a secret says so", async () => {
  await using at = await site({ keySecret: keySecret(new Uint8Array(32).fill(1)) });
  const bad = await at.api("PUT", PATH, { body: { key: "00" } });
  assertEquals([bad.status, bad.json.detail.includes("32 hex digits")], [400, true]);
  assertEquals((await at.api("PUT", "/api/v1/meter-keys/els/4", { body: { key } })).status, 400);
  await using bare = await site();
  const none = await bare.api("PUT", PATH, { body: { key } });
  assertEquals(none.status, 409);
  assertStringIncludes(none.json.detail, "METER_KEYS_SECRET_FILE");
});
