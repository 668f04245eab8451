import { assertEquals, assertMatch, assertNotEquals, assertStringIncludes } from "@std/assert";
import { hashToken } from "../../../server/http/tokens.ts";
import { OTHER_TOKEN, site } from "./site.ts";

Deno.test("POST /api/v1/gateways registers a gateway, shows its token once and keeps the hash alone", async () => {
  await using at = await site();
  const made = await at.api("POST", "/api/v1/gateways", { body: { gateway: "GW-0007" } });
  assertEquals([made.status, made.json.gateway], [201, "GW-0007"]);
  assertMatch(made.json.token, /^mbg_[A-Za-z0-9_-]{43}$/);
  const [row] = await at.sql`select tenant_id, token_hash from gateways where gateway_id = 'GW-0007'`;
  assertEquals([row?.tenant_id, new Uint8Array(row?.token_hash)], [1, new Uint8Array(hashToken(made.json.token))]);
});

Deno.test("POST /api/v1/gateways refuses an id that is taken, also another tenant's", async () => {
  await using at = await site();
  for (const token of [undefined, OTHER_TOKEN]) {
    const again = await at.api("POST", "/api/v1/gateways", { body: { gateway: "GW-0001" }, token });
    assertEquals([again.status, again.json.code], [409, "registered"]);
    assertStringIncludes(again.json.detail, "GW-0001");
  }
});

Deno.test("POST /api/v1/gateways names the field that is wrong", async () => {
  await using at = await site();
  for (
    const [body, names] of [
      [{ gateway: "GW/1" }, "gateway"],
      [{ gateway: 7 }, "gateway"],
      [{}, "gateway"],
      [{ gateway: "GW-0002", colour: "red" }, "colour"],
      [[], "body"],
    ] as const
  ) {
    const answer = await at.api("POST", "/api/v1/gateways", { body });
    assertEquals([answer.status, answer.headers.get("content-type")?.split(";")[0]], [400, "application/problem+json"]);
    assertStringIncludes(answer.json.detail, names);
  }
  const answer = await at.api("POST", "/api/v1/gateways", { body: new TextEncoder().encode("{") });
  assertEquals([answer.status, answer.json.code], [400, "json"]);
});

Deno.test("POST /api/v1/gateways/{id}/token makes the old token worthless", async () => {
  await using at = await site();
  const { json: { token: first } } = await at.api("POST", "/api/v1/gateways", { body: { gateway: "GW-0002" } });
  const renewed = await at.api("POST", "/api/v1/gateways/GW-0002/token");
  assertEquals(renewed.status, 200);
  assertNotEquals(renewed.json.token, first);
  const post = (token: string) => at.api("POST", "/api/v1/gateways/GW-0002/heartbeat", { token, body: {} });
  assertEquals([(await post(first)).status, (await post(renewed.json.token)).status], [401, 400]);
  assertEquals((await at.api("POST", "/api/v1/gateways/GW-0404/token")).status, 404);
});

Deno.test("GET /api/v1/gateways pages through a tenant's own gateways", async () => {
  await using at = await site();
  await at.api("POST", "/api/v1/gateways", { body: { gateway: "GW-0002" } });
  await at.api("POST", "/api/v1/gateways", { body: { gateway: "GW-0003" }, token: OTHER_TOKEN });
  const list = async (query: string, token?: string) => {
    const { json } = await at.api("GET", `/api/v1/gateways${query}`, { token });
    return [json.gateways.map((one: { gateway: string }) => one.gateway), json.next];
  };
  assertEquals(await list(""), [["GW-0001", "GW-0002"], null]);
  assertEquals(await list("?limit=1"), [["GW-0001"], "GW-0001"]);
  assertEquals(await list("?limit=1&after=GW-0001"), [["GW-0002"], "GW-0002"]);
  assertEquals(await list("", OTHER_TOKEN), [["GW-0003"], null]);
  assertEquals((await at.api("GET", "/api/v1/gateways/GW-0003")).status, 404);
  assertEquals((await at.api("GET", "/api/v1/gateways/GW-0001")).json.lastHeartbeatAt, null);
});

Deno.test("No answer of the API shows a token's hash", async () => {
  await using at = await site();
  for (const path of ["/api/v1/gateways", "/api/v1/gateways/GW-0001"]) {
    const { json } = await at.api("GET", path);
    assertEquals(JSON.stringify(json).includes("hash"), false);
  }
});
