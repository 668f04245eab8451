import { DatabaseSync } from "node:sqlite";
import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { silentLog } from "@mbus-gateway/resource";
import { encodeRequest, type GatewayResponse, parseResponse } from "@mbus-gateway/wire";
import * as v from "valibot";
import { requestMemory } from "../../../gateway/requests/request_memory.ts";
import { createRequests, handler } from "../../../gateway/requests/requests.ts";

const NOW = new Date("2026-01-31T12:00:00.000Z");
const SOON = "2026-01-31T12:05:00.000Z";

function scene({ path = ":memory:", trusted = true } = {}) {
  const memory = requestMemory(path);
  const clock = { now: () => NOW, trusted: () => trusted };
  const requests = createRequests({ gateway: "GW-0001", memory, clock, log: silentLog });
  const done: string[] = [];
  const held = Promise.withResolvers<string>();
  const offer = requests.offer({
    count: handler({ what: v.string() }, ({ what }) => Promise.resolve(done.push(what))),
    look: handler({}, () => Promise.resolve(done.push("looked")), { harmless: true }),
    fail: handler({}, () => Promise.reject(new Error("Cannot do it: it is too late"))),
    wait: handler({}, async (_, { signal, progress }) => {
      progress({ waits: true });
      signal.addEventListener("abort", () => held.reject(signal.reason));
      return await held.promise;
    }),
  });
  const ask = async (
    verb: string,
    id: string,
    params: Record<string, unknown> = {},
    { expiresAt = SOON, fromHere }: { expiresAt?: string; fromHere?: boolean } = {},
  ) => {
    const bytes = new TextEncoder().encode(encodeRequest({ id, expiresAt, params }));
    const progress: unknown[] = [];
    const onProgress = (text: string) => {
      const response = parse(text);
      if ("progress" in response) progress.push(response.progress);
    };
    const { response } = await requests.handle({ verb, bytes, onProgress, fromHere });
    return { ...parse(response), heard: progress };
  };
  return { requests, done, held, ask, offer, [Symbol.dispose]: () => memory[Symbol.dispose]() };
}

function parse(text: string): GatewayResponse {
  return parseResponse(new TextEncoder().encode(text));
}

const codeOf = (response: object) => "code" in response ? response.code : "ok";

Deno.test("handle() does a request once, however often it comes, and answers each time", async () => {
  using at = scene();
  const first = await at.ask("count", "a", { what: "one" });
  assertEquals(first, { gateway: "GW-0001", verb: "count", id: "a", ok: true, result: 1, heard: [] });
  assertEquals(await at.ask("count", "a", { what: "one" }), first);
  assertEquals(at.done, ["one"]);
  await at.ask("count", "b", { what: "two" });
  assertEquals(at.done, ["one", "two"]);
  const look = await at.ask("look", "c");
  assertEquals(await at.ask("look", "c"), look);
  assertEquals(at.done, ["one", "two", "looked"]);
});

Deno.test("handle() keeps only so much of what harmless requests were answered", async () => {
  using at = scene();
  using _ = at.requests.offer({
    look: handler({}, () => Promise.resolve("long ".repeat(80_000 + at.done.push("looked"))), { harmless: true }),
  });
  for (const id of ["a", "b", "c", "c", "b", "a"]) await at.ask("look", id);
  assertEquals(at.done.length, 4);
});

Deno.test("handle() remembers over a restart, and says so of what was interrupted", async () => {
  const folder = await Deno.makeTempDir();
  {
    using at = scene({ path: `${folder}/requests.db` });
    await at.ask("count", "a", { what: "one" });
    void at.ask("wait", "b").catch(() => {});
    at.held.resolve("too late to be written");
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  {
    using memory = requestMemory(`${folder}/requests.db`);
    memory.begin("c", NOW);
  }
  using again = scene({ path: `${folder}/requests.db` });
  assertEquals(codeOf(await again.ask("count", "a", { what: "one" })), "ok");
  assertEquals(again.done, []);
  assertEquals(codeOf(await again.ask("count", "c", { what: "one" })), "interrupted");
  await Deno.remove(folder, { recursive: true });
});

Deno.test("handle() joins a request that comes again while it is done, tells progress, and can cancel it", async () => {
  using at = scene();
  const [one, two] = [at.ask("wait", "a"), at.ask("wait", "a")];
  assertEquals(await at.ask("cancel", "c", { request: "a" }), {
    ...{ gateway: "GW-0001", verb: "cancel", id: "c", ok: true },
    result: { cancelled: true },
    heard: [],
  });
  assertEquals([codeOf(await one), codeOf(await two), (await one).heard], ["cancelled", "cancelled", [{
    waits: true,
  }]]);
  assertEquals(await at.ask("cancel", "d", { request: "a" }).then((it) => "result" in it && it.result), {
    cancelled: false,
  });
});

Deno.test("handle() answers errors as answers", async () => {
  using at = scene();
  const failed = await at.ask("fail", "a");
  assertEquals(failed, {
    ...{ gateway: "GW-0001", verb: "fail", id: "a", ok: false, code: "failed" },
    error: "Cannot do it: it is too late",
    heard: [],
  });
  const unknown = await at.ask("dance", "b");
  assertEquals(codeOf(unknown), "unknown_verb");
  assertStringIncludes("error" in unknown ? unknown.error : "", "cancel, count, fail, look, wait");
  assertEquals(codeOf(await at.ask("count", "c", {})), "invalid");
  assertEquals(codeOf(await at.ask("count", "d", { what: "x", more: 1 })), "invalid");
  const { response } = await at.requests.handle({ verb: "count", bytes: new TextEncoder().encode("{no") });
  assertEquals(codeOf(parse(response)), "invalid");
  const large = await at.requests.handle({ verb: "count", bytes: new Uint8Array(300_000) });
  assertEquals(codeOf(parse(large.response)), "too_large");
  at.offer[Symbol.dispose]();
  assertEquals(codeOf(await at.ask("count", "e", { what: "x" })), "unknown_verb");
  assertEquals(at.done, []);
});

Deno.test("handle() begins nothing that has expired, and without a clock only what is harmless or asked here", async () => {
  using at = scene();
  const expired = { expiresAt: "2026-01-31T11:59:59.000Z" };
  assertEquals(codeOf(await at.ask("count", "a", { what: "x" }, expired)), "expired");
  assertEquals(codeOf(await at.ask("look", "b", {}, expired)), "expired");
  using untrusted = scene({ trusted: false });
  assertEquals(codeOf(await untrusted.ask("count", "a", { what: "x" })), "clock_untrusted");
  assertEquals(codeOf(await untrusted.ask("look", "b")), "ok");
  assertEquals(codeOf(await untrusted.ask("count", "c", { what: "x" }, { fromHere: true })), "ok");
  assertEquals([...at.done, ...untrusted.done], ["looked", "x"]);
});

Deno.test("handle() answers what it did also when that cannot be written down, and does it no second time", async () => {
  using memory = requestMemory(":memory:");
  const full = {
    ...memory,
    end: () => {
      throw new Error("database or disk is full");
    },
  };
  const clock = { now: () => NOW, trusted: () => true };
  const requests = createRequests({ gateway: "GW-0001", memory: full, clock, log: silentLog });
  let done = 0;
  using _ = requests.offer({ count: handler({}, () => Promise.resolve(++done)) });
  const bytes = new TextEncoder().encode(encodeRequest({ id: "a", expiresAt: SOON, params: {} }));
  const ask = async () => parse((await requests.handle({ verb: "count", bytes })).response);
  assertEquals([codeOf(await ask()), codeOf(await ask()), done], ["ok", "interrupted", 1]);
});

Deno.test("handle() does a bounded number of requests at once, and can always cancel one", async () => {
  using at = scene();
  const waiting = Array.from({ length: 32 }, (_, index) => at.ask("wait", `w${index}`));
  assertEquals(codeOf(await at.ask("count", "a", { what: "one" })), "busy");
  assertEquals(codeOf(await at.ask("cancel", "c", { request: "w7" })), "ok");
  await Promise.all(waiting); // they wait for the same
  assertEquals([codeOf(await at.ask("count", "a", { what: "one" })), at.done], ["ok", ["one"]]);
});

Deno.test("requestMemory() begins anew where its file is damaged", async () => {
  const path = await Deno.makeTempFile();
  await Deno.writeTextFile(path, "not a database, and long enough to be looked at ".repeat(40));
  using memory = requestMemory(path);
  memory.begin("a", NOW);
  assertEquals(memory.find("a"), { answer: null });
  await Deno.remove(path);
});

Deno.test("requestMemory() keeps what it knows where its file cannot be opened just now, and opens it later", async () => {
  const folder = await Deno.makeTempDir();
  const path = `${folder}/requests.db`;
  {
    using memory = requestMemory(path);
    memory.begin("a", NOW);
  }
  await Deno.mkdir(`${path}-wal`); // as when there is no room for it
  using memory = requestMemory(path);
  assertThrows(() => memory.find("a"), Error);
  await Deno.remove(`${path}-wal`);
  assertEquals(memory.find("a"), { answer: null });
  await Deno.remove(folder, { recursive: true });
});

Deno.test("requestMemory() begins anew where its file is damaged while it is in use", async () => {
  const folder = await Deno.makeTempDir();
  const path = `${folder}/requests.db`;
  using memory = requestMemory(path);
  memory.begin("a", NOW);
  {
    using other = new DatabaseSync(path);
    other.exec("drop table requests");
  }
  assertEquals(memory.find("a"), null);
  memory.begin("b", NOW);
  assertEquals(memory.find("b"), { answer: null });
  await Deno.remove(folder, { recursive: true });
});
