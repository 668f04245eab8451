import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { ConfigurationError } from "@mbus-gateway/resource";
import { background } from "../../server/background.ts";
import { listen } from "../../server/listener.ts";

const local = { host: "127.0.0.1", port: 0 };

Deno.test("listen() lets a request under way finish when it closes", async () => {
  const arrived = Promise.withResolvers<void>();
  const go = Promise.withResolvers<void>();
  const listener = listen({
    ...local,
    async handler() {
      arrived.resolve();
      await go.promise;
      return new Response("finished");
    },
  });
  const response = fetch(listener.url).then((answer) => answer.text());
  await arrived.promise;
  const closed = listener[Symbol.asyncDispose]();
  go.resolve();
  assertEquals(await response, "finished");
  await closed;
  await assertRejects(() => fetch(listener.url));
});

Deno.test("listen() answers 503 to a request that outlasts the grace", async () => {
  const arrived = Promise.withResolvers<void>();
  const listener = listen({
    ...local,
    graceMs: 20,
    handler() {
      arrived.resolve();
      return new Promise(() => {});
    },
  });
  const response = fetch(listener.url);
  await arrived.promise;
  await listener[Symbol.asyncDispose]();
  assertEquals((await response).status, 503);
  await (await response).body?.cancel();
});

Deno.test("listen() says that the port is taken and what chooses another", async () => {
  await using first = listen({ ...local, handler: () => new Response() });
  const port = Number(new URL(first.url).port);
  const { message } = assertThrows(
    () => listen({ ...local, port, handler: () => new Response() }),
    ConfigurationError,
  );
  assertEquals(
    message,
    `Cannot listen on 127.0.0.1:${port}: another program has the port; choose another with HTTP_PORT`,
  );
});

Deno.test("listen() says that an address is not this machine's", () => {
  assertThrows(
    () => listen({ host: "192.0.2.1", port: 0, handler: () => new Response() }),
    ConfigurationError,
    "see HTTP_HOST and HTTP_PORT",
  );
});

Deno.test("background() is aborted and waited for by its disposal, and tells of a failure", async () => {
  const steps: string[] = [];
  {
    await using _work = background(async (signal) => {
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
      steps.push("ended");
    });
    steps.push("body");
  }
  assertEquals(steps, ["body", "ended"]);
  await using failing = background(() => Promise.reject(new RangeError("by itself")));
  await assertRejects(() => failing.failed, RangeError, "by itself");
});
