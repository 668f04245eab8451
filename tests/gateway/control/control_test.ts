import { assertEquals, assertRejects } from "@std/assert";
import { silentLog } from "@mbus-gateway/resource";
import { askGateway } from "../../../gateway/control/control_client.ts";
import { controlServer } from "../../../gateway/control/control_server.ts";
import { RequestError } from "../../../gateway/requests/request_error.ts";
import { requestMemory } from "../../../gateway/requests/request_memory.ts";
import { createRequests, handler } from "../../../gateway/requests/requests.ts";
import { until } from "../../fixtures/until.ts";

async function scene() {
  const folder = await Deno.makeTempDir();
  const stack = new AsyncDisposableStack();
  stack.defer(() => Deno.remove(folder, { recursive: true }));
  const memory = stack.use(requestMemory(":memory:"));
  const clock = { now: () => new Date(), trusted: () => true };
  const requests = createRequests({ gateway: "GW-0001", memory, clock, log: silentLog });
  const state = { cancelled: false };
  requests.offer({
    status: handler({}, () => Promise.resolve({ well: true })),
    fail: handler({}, () => Promise.reject(new RequestError("no_answer", "Cannot read meter p5: nobody answers"))),
    scan: handler({}, (_, { signal, progress }) => {
      progress({ at: "p1" });
      return new Promise((_, reject) =>
        signal.addEventListener("abort", () => {
          state.cancelled = true;
          reject(signal.reason);
        })
      );
    }),
  });
  const path = `${folder}/control.sock`;
  return { path, requests, state, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

const signal = new AbortController().signal;

Deno.test("askGateway() asks the gateway that runs here, and says null where none does", async () => {
  await using at = await scene();
  const ask = (verb: string) => askGateway(at.path, { verb, params: {}, signal });
  assertEquals(await ask("status"), null);
  {
    await using _ = await controlServer({ ...at, log: silentLog });
    assertEquals((await Deno.stat(at.path)).mode! & 0o777, 0o600);
    assertEquals(await ask("status"), { result: { well: true } });
    const error = await assertRejects(() => ask("fail"), RequestError);
    assertEquals([error.code, error.message], ["no_answer", "Cannot read meter p5: nobody answers"]);
    await assertRejects(() => ask("dance"), RequestError, 'Cannot do "dance"');
  }
  assertEquals(await ask("status"), null);
});

Deno.test("controlServer() replaces the socket of a process that was killed", async () => {
  await using at = await scene();
  Deno.listen({ transport: "unix", path: at.path }).close();
  await using _ = await controlServer({ ...at, log: silentLog });
  assertEquals(await askGateway(at.path, { verb: "status", params: {}, signal }), { result: { well: true } });
});

Deno.test("a command that is interrupted ends what it asked for", async () => {
  await using at = await scene();
  await using _ = await controlServer({ ...at, log: silentLog });
  const stop = new AbortController();
  const heard: unknown[] = [];
  const onProgress = (what: unknown) => {
    heard.push(what);
    stop.abort();
  };
  await assertRejects(() => askGateway(at.path, { verb: "scan", params: {}, signal: stop.signal, onProgress }));
  assertEquals(heard, [{ at: "p1" }]);
  await until("the gateway has ended it", () => at.state.cancelled);
});

Deno.test("controlServer() answers lines that are no requests, and goes on", async () => {
  await using at = await scene();
  await using _ = await controlServer({ ...at, log: silentLog });
  using connection = await Deno.connect({ transport: "unix", path: at.path });
  await connection.write(new TextEncoder().encode('{"verb":\n\n"status"\n'));
  const buffer = new Uint8Array(4096);
  let text = "";
  while (text.split("\n").length < 3) {
    text += new TextDecoder().decode(buffer.subarray(0, await connection.read(buffer) ?? 0));
  }
  assertEquals(text.trim().split("\n").map((line) => JSON.parse(line).code), ["invalid", "invalid"]);
  assertEquals(await askGateway(at.path, { verb: "status", params: {}, signal }), { result: { well: true } });
});
