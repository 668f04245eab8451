import { assertEquals, assertStringIncludes } from "@std/assert";
import { encodeHeartbeat, type Heartbeat, parseConfirmation } from "@mbus-gateway/wire";
import { hashToken } from "../../../server/http/tokens.ts";
import { EPOCH, payload, readout } from "../../fixtures/readouts.ts";
import { GATEWAY_TOKEN, NOW, type Site, site, TOKEN } from "./site.ts";

const HEARTBEAT: Heartbeat = {
  gateway: "GW-0001",
  epoch: EPOCH,
  sentAt: "2026-01-31T11:59:59.000Z",
  status: "online",
  clock: "trusted",
  software: "0.1.0",
  uptimeSeconds: 60,
  unconfirmed: null,
  spoolDepth: 3,
  counts: { taken: 3, failed: 0, sent: 1, held: 0, parked: 0 },
};

const NOTHING = { gateway: "GW-0001", epoch: EPOCH, held: [], refused: [] };

function heartbeat(at: Site, differs: Partial<Heartbeat> = {}, { path = "GW-0001", token = GATEWAY_TOKEN } = {}) {
  const body = new TextEncoder().encode(encodeHeartbeat({ ...HEARTBEAT, ...differs }));
  return at.api("POST", `/api/v1/gateways/${path}/heartbeat`, { body, token });
}

function post(at: Site, body: Uint8Array<ArrayBuffer>, { path = "GW-0001", token = GATEWAY_TOKEN } = {}) {
  return at.api("POST", `/api/v1/gateways/${path}/readouts`, { body, token });
}

/** The confirmation in an answer, read by the gateway's own parser. */
function confirmation({ json }: { json: unknown }) {
  return parseConfirmation(new TextEncoder().encode(JSON.stringify(json)));
}

Deno.test("POST heartbeat stores it with the server's time and confirms exactly what is held of its window", async () => {
  await using at = await site();
  const held = [1, 2, 4].map((seq) => readout({ seq, readAt: `2026-01-31T11:00:0${seq}.000Z` }));
  await at.ingest([{ origin: "mqtt", gateway: "GW-0001", payload: payload(held) }]);
  const answer = await heartbeat(at, { unconfirmed: { oldest: 2, newest: 9 } });
  assertEquals(answer.status, 200);
  assertEquals(confirmation(answer), { ...NOTHING, held: [[2, 2], [4, 4]] });
  const shown = await at.api("GET", "/api/v1/gateways/GW-0001");
  assertEquals(shown.json.lastHeartbeatAt, NOW.toISOString());
  assertEquals([shown.json.heartbeat.spoolDepth, shown.json.heartbeat.counts.taken], [3, 3]);
});

Deno.test("POST heartbeat confirms nothing where nothing is unconfirmed, or of another epoch", async () => {
  await using at = await site();
  await at.ingest([{ origin: "mqtt", gateway: "GW-0001", payload: payload([readout()]) }]);
  assertEquals(confirmation(await heartbeat(at)), NOTHING);
  const epoch = "00000000-0000-4000-8000-000000000002";
  const other = await heartbeat(at, { epoch, unconfirmed: { oldest: 1, newest: 1 } });
  assertEquals(confirmation(other), { ...NOTHING, epoch });
});

Deno.test("POST heartbeat is refused unless token, path and payload name the same gateway", async () => {
  await using at = await site();
  const other = `mbg_${"h".repeat(43)}`;
  await at.sql`
    insert into gateways (tenant_id, gateway_id, token_hash) values (1, 'GW-0002', ${hashToken(other)})`;
  const refused = [
    await heartbeat(at, {}, { path: "GW-0002" }),
    await heartbeat(at, {}, { token: other }),
    await heartbeat(at, {}, { path: "GW-0002", token: other }),
    await heartbeat(at, { gateway: "GW-0002" }),
    await heartbeat(at, {}, { path: "GW-0404" }),
  ];
  assertEquals(refused.map(({ status, json }) => [status, json.code]), refused.map(() => [403, "gateway_mismatch"]));
  assertEquals((await at.sql`select from gateways where heartbeat is not null`).length, 0);
});

Deno.test("POST heartbeat wants a gateway's token: none, an unknown one and an API token are 401", async () => {
  await using at = await site();
  for (const token of ["", `mbg_${"z".repeat(43)}`, TOKEN]) {
    const answer = await heartbeat(at, {}, { token });
    assertEquals([answer.status, answer.json.code], [401, "unauthorized"]);
    assertStringIncludes(answer.headers.get("www-authenticate") ?? "", "Bearer");
  }
  assertEquals((await at.api("GET", "/api/v1/gateways", { token: GATEWAY_TOKEN })).status, 401);
});

Deno.test("POST heartbeat names the field that is wrong", async () => {
  await using at = await site();
  const answer = await at.api("POST", "/api/v1/gateways/GW-0001/heartbeat", {
    token: GATEWAY_TOKEN,
    body: { ...JSON.parse(encodeHeartbeat(HEARTBEAT)), spoolDepth: -1 },
  });
  assertEquals([answer.status, answer.json.code], [400, "schema"]);
  assertStringIncludes(answer.json.detail, "spoolDepth");
});

Deno.test("POST readouts stores, gzip or not, and answers with the confirmation, again for what came twice", async () => {
  await using at = await site();
  const bytes = payload([readout({ seq: 1 }), readout({ seq: 2, readAt: "2026-01-31T11:59:59.000Z" })]);
  const zipped = payload([readout({ seq: 3, readAt: "2026-01-31T11:59:50.000Z" })], { compress: true });
  for (const [body, held] of [[bytes, [[1, 2]]], [bytes, [[1, 2]]], [zipped, [[3, 3]]]] as const) {
    const answer = await post(at, body);
    assertEquals([answer.status, confirmation(answer).held], [200, held.map(([first, last]) => [first, last])]);
  }
  assertEquals((await at.sql`select count(*)::int as n from telegrams`)[0]?.n, 3);
});

Deno.test("POST readouts quarantines what cannot be read and says why", async () => {
  await using at = await site();
  const answer = await post(at, new TextEncoder().encode('{"schema":'));
  assertEquals([answer.status, answer.json.code], [400, "unreadable"]);
  assertStringIncludes(answer.json.detail, "Cannot read payload");
  const { json } = await at.api("GET", "/api/v1/quarantine");
  assertEquals(json.quarantine.map((one: Record<string, unknown>) => [one.code, one.origin, one.gateway]), [
    ["json", "http", "GW-0001"],
  ]);
});

Deno.test("POST readouts holds the readouts of a message of which one is bad", async () => {
  await using at = await site();
  const json = JSON.parse(new TextDecoder().decode(payload([readout({ seq: 1 }), readout({ seq: 2 })])));
  json.readouts[1].frames = ["xyz"];
  const answer = await post(at, new TextEncoder().encode(JSON.stringify(json)));
  assertEquals([answer.status, confirmation(answer).held], [200, [[1, 2]]]);
  assertEquals((await at.api("GET", "/api/v1/quarantine")).json.quarantine[0].seq, "2");
});

Deno.test("POST readouts takes nothing from a payload of another gateway", async () => {
  await using at = await site();
  const answer = await post(at, payload([readout()], { gateway: "GW-0002" }));
  assertEquals([answer.status, answer.json.code], [403, "gateway_mismatch"]);
  for (const table of ["telegrams", "quarantine"]) {
    assertEquals((await at.sql`select from ${at.sql(table)}`).length, 0);
  }
});

Deno.test("POST readouts refuses more bytes than a payload may have, before it holds them", async () => {
  await using at = await site();
  const endless = new ReadableStream({ pull: (stream) => stream.enqueue(new Uint8Array(64 * 1024)) });
  const answer = await at.app.request("/api/v1/gateways/GW-0001/readouts", {
    method: "POST",
    headers: { authorization: `Bearer ${GATEWAY_TOKEN}`, "transfer-encoding": "chunked" },
    body: endless,
  });
  assertEquals([answer.status, (await answer.json()).code], [413, "too_large"]);
});
