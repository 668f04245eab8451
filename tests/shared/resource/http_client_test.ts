import { assertEquals, assertNotMatch, assertRejects, assertStringIncludes } from "@std/assert";
import { deadline } from "@std/async";
import { ConfigurationError, httpClient, HttpError } from "@mbus-gateway/resource";
import { VERSION } from "@mbus-gateway/wire";
import { testAuthority } from "../../fixtures/certificates.ts";
import { freePort } from "../../fixtures/free_port.ts";
import { needs } from "../../fixtures/needs.ts";

/** A server on loopback that answers as the test says. */
function answering(handler: (request: Request) => Response | Promise<Response>) {
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, handler);
  return {
    url: `http://127.0.0.1:${server.addr.port}`,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

Deno.test("httpClient() names itself, sends a body and returns the whole answer", async () => {
  await using server = answering(async (request) => {
    const { method, headers } = request;
    return Response.json({ method, agent: headers.get("user-agent"), x: headers.get("x"), body: await request.text() });
  });
  await using http = httpClient();
  const answer = await http.request("POST", `${server.url}/a?b=c`, { headers: { x: "y" }, body: "text" });
  assertEquals(answer.status, 200);
  assertEquals(JSON.parse(new TextDecoder().decode(answer.bytes)), {
    method: "POST",
    agent: `mbus-gateway/${VERSION}`,
    x: "y",
    body: "text",
  });
});

Deno.test("httpClient() throws on what is not 2xx, with an excerpt and without secrets", async () => {
  await using server = answering(() => new Response("no\n such   meter", { status: 404 }));
  await using http = httpClient();
  const url = server.url.replace("http://", "http://user:password@") + "/meters/5?api-key=secret";
  const error = await assertRejects(() => http.getJson(url), HttpError);
  assertEquals([error.status, error.url, error.body], [404, `${server.url}/meters/5?…`, "no\n such   meter"]);
  assertStringIncludes(error.message, "404 Not Found: no such meter");
  assertNotMatch(error.message, /secret|password/);
  const nobody = `http://user:secret@127.0.0.1:${freePort()}/?api-key=secret`;
  const silence = await assertRejects(() => http.getJson(nobody), Error, "nobody listens there");
  assertNotMatch(Deno.inspect(silence), /secret/);
});

Deno.test("getJson() of an HTTP client refuses what is no JSON", async () => {
  await using server = answering(() => new Response("<html>"));
  await using http = httpClient();
  await assertRejects(() => http.getJson(server.url), Error, "the answer is no JSON");
});

Deno.test("httpClient() bounds the whole request in time, a body that never ends included", async () => {
  const open = new Set<ReadableStreamDefaultController<Uint8Array>>();
  await using server = answering(() =>
    new Response(
      new ReadableStream({
        start(controller) {
          open.add(controller);
          controller.enqueue(new TextEncoder().encode("the beginning"));
        },
      }),
    )
  );
  await using http = httpClient({ timeoutMs: 100 });
  await assertRejects(() => http.request("GET", server.url), Error, "no complete answer within 0.1 s");
  assertEquals(open.size, 1);
});

Deno.test("httpClient() bounds the body in bytes, whatever its length field says", async () => {
  const kilobyte = new Uint8Array(1024);
  await using server = answering(() =>
    new Response(
      new ReadableStream({
        pull: (controller) => controller.enqueue(kilobyte),
      }),
    )
  );
  await using http = httpClient({ maxBodyBytes: 10_000 });
  await assertRejects(() => http.request("GET", server.url), Error, "more than 10000 bytes");
});

Deno.test("httpClient() keeps to its number of connections; the others wait, within their time", async () => {
  let now = 0;
  let most = 0;
  const { promise: gate, resolve: openGate } = Promise.withResolvers<void>();
  await using server = answering(async () => {
    most = Math.max(most, ++now);
    await gate;
    now -= 1;
    return new Response("ok");
  });
  await using http = httpClient({ maxConnections: 2 });
  const requests = Array.from({ length: 7 }, () => http.request("GET", server.url));
  while (now < 2) await new Promise((resolve) => setTimeout(resolve, 1));
  openGate();
  assertEquals((await Promise.all(requests)).length, 7);
  assertEquals(most, 2);
});

Deno.test("httpClient() obeys a signal, before and during a request", async () => {
  const { promise: gate, resolve: openGate } = Promise.withResolvers<void>();
  await using server = answering(() => gate.then(() => new Response("late")));
  await using http = httpClient();
  const controller = new AbortController();
  const waiting = http.request("GET", server.url, { signal: controller.signal });
  setTimeout(() => controller.abort(new Error("stop")), 20);
  await assertRejects(() => waiting, Error, "stop");
  await assertRejects(() => http.request("GET", server.url, { signal: controller.signal }), Error, "stop");
  openGate();
});

Deno.test("httpClient() refuses http: to other machines, also where a redirect leads there", async () => {
  await using server = answering((request) => {
    const to = new URL(request.url).searchParams.get("to");
    return to === null ? new Response(request.headers.get("authorization") ?? "nothing") : Response.redirect(to, 302);
  });
  await using http = httpClient();
  await assertRejects(() => http.getJson("http://api.example.org/"), ConfigurationError, "write https://");
  const away = `${server.url}/?to=${encodeURIComponent("http://api.example.org/")}`;
  await assertRejects(() => http.request("GET", away), Error, "it is not encrypted");
});

Deno.test("httpClient() follows redirects a few times, without credentials to another origin", async () => {
  await using other = answering(({ headers }) =>
    new Response(headers.get("authorization") ?? headers.get("x-api-key") ?? "nothing")
  );
  await using server = answering((request) => {
    const left = Number(new URL(request.url).pathname.slice(1));
    return Response.redirect(left === 0 ? `${other.url}/` : `${new URL(request.url).origin}/${left - 1}`, 302);
  });
  await using http = httpClient();
  const headers = { authorization: "Bearer secret", "x-api-key": "secret" };
  const { bytes } = await http.request("GET", `${server.url}/2`, { headers });
  assertEquals(new TextDecoder().decode(bytes), "nothing");
  await assertRejects(() => http.request("GET", `${server.url}/20`, { headers }), Error, "more than 5 times");
});

Deno.test("httpClient() ends what is under way when it is closed", async () => {
  const { promise: gate, resolve: openGate } = Promise.withResolvers<void>();
  await using server = answering(() => gate.then(() => new Response("late")));
  const http = httpClient();
  const waiting = assertRejects(() => http.request("GET", server.url), Error, "the HTTP client has been closed");
  await deadline(Promise.resolve(http[Symbol.asyncDispose]()), 15_000);
  await waiting;
  await assertRejects(() => http.request("GET", server.url), Error, "has been closed");
  await http[Symbol.asyncDispose]();
  openGate();
});

Deno.test({
  name: "httpClient() trusts the authorities it is given and no other",
  ...needs("openssl"),
  async fn() {
    await using authority = await testAuthority();
    const pair = await authority.server();
    await using server = Deno.serve(
      { port: 0, hostname: "127.0.0.1", onListen() {}, ...pair },
      () => Response.json({ ok: true }),
    );
    const url = `https://localhost:${server.addr.port}/`;
    {
      await using http = httpClient({ caCerts: [authority.ca] });
      assertEquals(await http.getJson(url), { ok: true });
    }
    await using http = httpClient();
    await assertRejects(() => http.getJson(url), Error, "its certificate is of an unknown authority");
    await assertRejects(() => http.getJson("https://no-such-host.invalid/"), Error, "there is no such host");
  },
});
