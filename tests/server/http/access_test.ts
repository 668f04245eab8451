import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { createLog } from "@mbus-gateway/resource";
import { createApp } from "../../../server/http/app.tsx";
import { hashToken, newToken } from "../../../server/http/tokens.ts";
import { OTHER_TOKEN, type Site, site, TOKEN } from "./site.ts";

const PAGE = "http://127.0.0.1:8080";
const SECRET = "a-secret-of-one-start";

/** Signs in as a browser would; returns the answer and its cookie. */
async function signIn(at: Site, token: string, { origin = PAGE, at: page = PAGE } = {}) {
  const answer = await at.app.request(`${page}/sign-in`, {
    method: "POST",
    headers: { origin, host: new URL(page).host, "content-type": "application/x-www-form-urlencoded" },
    body: new URLSearchParams({ token }),
  });
  await answer.body?.cancel();
  const set = answer.headers.get("set-cookie") ?? "";
  return { answer, set, cookie: set.split(";")[0] ?? "" };
}

async function get(at: Site, url: string, headers: Record<string, string> = {}) {
  const answer = await at.app.request(url, { headers: { host: new URL(url, PAGE).host, ...headers } });
  return {
    status: answer.status,
    location: answer.headers.get("location"),
    text: await answer.text(),
    headers: answer.headers,
  };
}

Deno.test("newToken() has 256 random bits and hashToken() is SHA-256", () => {
  const tokens = new Set(Array.from({ length: 100 }, newToken));
  assertEquals(tokens.size, 100);
  for (const token of tokens) assertMatch(token, /^mbg_[A-Za-z0-9_-]{43}$/);
  assertEquals(
    new Uint8Array(hashToken("abc")).toHex(),
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
  );
});

Deno.test("The API answers 401 as a problem without a token that counts, also where there is nothing", async () => {
  await using at = await site();
  const paths = ["/api/v1/gateways", "/api/v1/meters/1", "/api/v1/readings", "/api/v1/nothing", "/api", "/api/v2/x"];
  for (const path of paths) {
    for (const token of ["", "mbg_wrong", `${TOKEN}x`]) {
      const { status, headers, json } = await at.api("GET", path, { token });
      assertEquals([path, status, json.status], [path, 401, 401]);
      assertEquals(headers.get("content-type")?.split(";")[0], "application/problem+json");
    }
  }
  assertEquals((await at.api("GET", "/api/v1/nothing")).json.code, "not_found");
  assertEquals((await at.api("DELETE", "/api/v1/gateways/GW-0001")).status, 404);
});

Deno.test("A revoked API token is worth nothing, nor are its sessions", async () => {
  await using at = await site();
  const { cookie } = await signIn(at, TOKEN);
  assertEquals((await get(at, `${PAGE}/`, { cookie })).status, 200);
  await at.sql`update api_tokens set revoked_at = now() where tenant_id = 1`;
  assertEquals((await at.api("GET", "/api/v1/meters")).status, 401);
  assertEquals((await get(at, `${PAGE}/`, { cookie })).status, 303);
});

Deno.test("Signing in gives a strict, hidden cookie of which the database has the hash, and signing out ends it", async () => {
  await using at = await site();
  const { answer, set, cookie } = await signIn(at, ` ${TOKEN} `);
  assertEquals([answer.status, answer.headers.get("location")], [303, "/"]);
  for (const part of ["HttpOnly", "SameSite=Strict", "Path=/"]) assertStringIncludes(set, part);
  assert(!set.includes("Secure"), "on this machine over http the cookie must come back");
  const [row] = await at.sql`select tenant_id, session_hash from sessions`;
  assertEquals(new Uint8Array(row?.session_hash), new Uint8Array(hashToken(cookie.split("=")[1] ?? "")));

  assertEquals((await get(at, `${PAGE}/`, { cookie })).status, 200);
  assertEquals((await get(at, `${PAGE}/sign-in`, { cookie })).location, "/");
  const out = await at.app.request(`${PAGE}/sign-out`, {
    method: "POST",
    headers: { cookie, origin: PAGE, host: "127.0.0.1:8080" },
  });
  assertEquals([out.status, out.headers.get("location")], [303, "/sign-in"]);
  assertStringIncludes(out.headers.get("set-cookie") ?? "", "Max-Age=0");
  assertEquals((await at.sql`select from sessions`).length, 0);
  assertEquals((await get(at, `${PAGE}/`, { cookie })).location, "/sign-in");
});

Deno.test("The session's cookie is Secure everywhere but on this machine", async () => {
  await using at = await site();
  for (const page of ["https://meters.example.org", "http://meters.example.org", "https://127.0.0.1:8443"]) {
    const { set } = await signIn(at, TOKEN, { at: page, origin: page });
    assertStringIncludes(set, "Secure");
  }
});

Deno.test("Signing in with a wrong token says so and sets no cookie", async () => {
  await using at = await site();
  for (const token of ["", "mbg_wrong", TOKEN.slice(0, -1)]) {
    const { answer, set } = await signIn(at, token);
    assertEquals([answer.status, set], [401, ""]);
  }
});

Deno.test("A form of another site's page is refused, behind a proxy that ends TLS too", async () => {
  await using at = await site();
  const foreign = await signIn(at, TOKEN, { origin: "https://evil.example" });
  assertEquals([foreign.answer.status, foreign.set], [403, ""]);
  const none = await at.app.request(`${PAGE}/sign-in`, { method: "POST", body: new URLSearchParams({ token: TOKEN }) });
  assertEquals(none.status, 403);
  const behind = await signIn(at, TOKEN, { at: "http://meters.example.org", origin: "https://meters.example.org" });
  assertEquals(behind.answer.status, 303);
});

Deno.test("A session ends with its time and shows one tenant's rows", async () => {
  let now = new Date("2026-01-31T12:00:00Z");
  await using at = await site({ now: () => now });
  await at.sql`
    insert into meters (tenant_id, identity, manufacturer, identification)
    values (1, 'A', 'MGW', '11111111'), (2, 'B', 'MGW', '22222222')`;
  const mine = await signIn(at, TOKEN);
  const theirs = await signIn(at, OTHER_TOKEN);
  const shown = async (cookie: string) => {
    const { text } = await get(at, `${PAGE}/`, { cookie });
    return ["11111111", "22222222"].filter((number) => text.includes(number));
  };
  assertEquals([await shown(mine.cookie), await shown(theirs.cookie)], [["11111111"], ["22222222"]]);
  const [other] = await at.sql`select meter_id::text as id from meters where tenant_id = 2`;
  assertEquals((await get(at, `${PAGE}/meters/${other?.id}`, { cookie: mine.cookie })).status, 404);
  assertEquals((await get(at, `${PAGE}/fragments/meters/${other?.id}`, { cookie: mine.cookie })).status, 404);
  now = new Date(now.getTime() + 7 * 24 * 60 * 60 * 1000);
  assertEquals((await get(at, `${PAGE}/`, { cookie: mine.cookie })).location, "/sign-in");
});

Deno.test("The pages send who is not signed in to the sign-in page; their fragments say 401", async () => {
  await using at = await site();
  for (const path of ["/", "/meters/1", "/nothing"]) {
    const { status, location } = await get(at, PAGE + path);
    assertEquals([status, location], [303, "/sign-in"]);
  }
  assertEquals((await get(at, `${PAGE}/fragments/meters`)).status, 401);
  assertEquals((await get(at, `${PAGE}/`, { authorization: `Bearer ${TOKEN}` })).status, 303);
  assertEquals((await get(at, `${PAGE}/sign-in`)).status, 200);
});

Deno.test("The demo's address shows the pages without a cookie, and its links carry the secret on", async () => {
  await using at = await site({ demoSignIn: SECRET });
  await at
    .sql`insert into meters (tenant_id, identity, manufacturer, identification) values (1, 'A', 'MGW', '11111111')`;
  for (const host of ["127.0.0.1:8080", "localhost:8080"]) {
    const { status, text } = await get(at, `http://${host}/?demo=${SECRET}`);
    assertEquals(status, 200);
    assertMatch(text, new RegExp(`href="/meters/\\d+\\?demo=${SECRET}"`));
    assertMatch(text, new RegExp(`data-fragment="/fragments/meters\\?demo=${SECRET}"`));
  }
  assertEquals((await get(at, `${PAGE}/fragments/meters?demo=${SECRET}`)).status, 200);
  assertEquals((await get(at, `${PAGE}/api/v1/meters?demo=${SECRET}`)).status, 401);
});

Deno.test("The demo's address gets the sign-in page with another secret, another Host, or through a proxy", async () => {
  await using at = await site({ demoSignIn: SECRET });
  const url = `${PAGE}/?demo=${SECRET}`;
  const refused: [string, Record<string, string>][] = [
    [`${PAGE}/`, {}],
    [`${PAGE}/?demo=`, {}],
    [`${PAGE}/?demo=${SECRET}x`, {}],
    [url, { host: "meters.example.org" }],
    [url, { host: "127.0.0.1.example.org" }],
    [url, { host: "127.0.0.1:8080.example.org" }],
    ...["Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP", "CF-Connecting-IP", "X-Forwarded"]
      .map((name): [string, Record<string, string>] => [url, { [name]: "192.0.2.1" }]),
  ];
  for (const [address, headers] of refused) {
    const { status, location } = await get(at, address, headers);
    assertEquals([headers, status, location], [headers, 303, "/sign-in"]);
  }
});

Deno.test("Without the demo no secret opens anything", async () => {
  for (const demoSignIn of [null, undefined, ""]) {
    await using at = await site({ demoSignIn });
    for (const secret of ["", "null", "undefined"]) {
      assertEquals((await get(at, `${PAGE}/?demo=${secret}`)).status, 303);
    }
  }
});

Deno.test("Every answer forbids scripts of others, frames and guesses at its type", async () => {
  await using at = await site();
  for (const path of ["/sign-in", "/healthz", "/api/v1/meters", "/assets/live.js", "/nothing"]) {
    const { headers } = await get(at, PAGE + path);
    const policy = headers.get("content-security-policy") ?? "";
    assertStringIncludes(policy, "default-src 'self'");
    assertStringIncludes(policy, "frame-ancestors 'none'");
    assert(!policy.includes("unsafe"));
    assertEquals(headers.get("x-content-type-options"), "nosniff");
    assertEquals(headers.get("referrer-policy"), "no-referrer");
  }
});

Deno.test("GET /assets keeps for ever what is named with its hash, and nothing else", async () => {
  await using at = await site();
  const { text } = await get(at, `${PAGE}/sign-in`);
  const urls = [...text.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)].map((match) => match[1] ?? "");
  assertEquals(urls.map((url) => url.split("?")[0]).toSorted(), [
    "/assets/icon.svg",
    "/assets/live.js",
    "/assets/style.css",
  ]);
  for (const url of urls) {
    const named = await get(at, PAGE + url);
    assertEquals([named.status, named.headers.get("cache-control")?.includes("immutable")], [200, true]);
    const bare = await get(at, `${PAGE}${url.split("?")[0]}?v=old`);
    assertEquals([bare.status, bare.headers.get("cache-control")], [200, "no-cache"]);
  }
  assertEquals(text.match(/(?:src|href|action)="(?!\/|#)[^"]*"/g), null);
});

Deno.test("GET /healthz needs no token and is 503 when the database is away", async () => {
  const at = await site();
  assertEquals((await get(at, `${PAGE}/healthz`)).status, 200);
  await at[Symbol.asyncDispose]();
  const { status, text } = await get(at, `${PAGE}/healthz`);
  assertEquals([status, JSON.parse(text).code], [503, "database"]);
});

Deno.test("An unexpected error is one sentence for the client; the log has the rest", async () => {
  await using at = await site();
  const lines: string[] = [];
  const log = createLog({ write: (line) => lines.push(line) });
  const app = createApp({ database: at.database, ingest: at.ingest, log });
  await at.sql`alter table meters rename column identity to identity_gone`;
  const answer = await app.request("/api/v1/meters", { headers: { authorization: `Bearer ${TOKEN}` } });
  const text = await answer.text();
  assertEquals([answer.status, JSON.parse(text).code], [500, "internal"]);
  assert(!text.includes("identity") && !text.includes(" at "));
  assert(lines.some((line) => line.includes("identity")));
});
