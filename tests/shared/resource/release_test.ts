import { assertEquals, assertInstanceOf, assertRejects, assertStringIncludes } from "@std/assert";
import {
  childProcess,
  createLog,
  describeError,
  httpClient,
  MqttError,
  mqttSession,
  resource,
} from "@mbus-gateway/resource";
import { plainBroker } from "../../fixtures/plain_broker.ts";

/** How a block ends; what comes out of it is described as the log would print it. */
interface Ending {
  name: string;
  body: (signal: AbortSignal) => Promise<void>;
  release: () => void;
  says: string;
}

const ENDINGS: Ending[] = [
  { name: "success", body: () => Promise.resolve(), release: () => {}, says: "undefined" },
  {
    name: "a throw in the block",
    body: () => Promise.reject(new Error("in the body")),
    release() {},
    says: "in the body",
  },
  {
    name: "a throw in a release",
    body: () => Promise.resolve(),
    release() {
      throw new Error("in the release");
    },
    says: "in the release",
  },
  {
    name: "a throw in the block and one in a release",
    body: () => Promise.reject(new Error("in the body")),
    release() {
      throw new Error("in the release");
    },
    says: "in the body; then, while releasing: in the release",
  },
  {
    name: "an abort",
    body: (signal) => new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
    release: () => {},
    says: "asked to stop",
  },
];

for (const { name, body, release, says } of ENDINGS) {
  Deno.test(`MQTT session, HTTP client and child process are released in reverse order on ${name}`, async () => {
    await using broker = await plainBroker();
    const late = Promise.withResolvers<Response>();
    await using server = Deno.serve(
      { port: 0, hostname: "127.0.0.1", onListen() {} },
      () => late.promise,
    );
    const order: string[] = [];
    const note = (name: string) => () => void order.push(name);
    const controller = new AbortController();
    const waiting: Promise<unknown>[] = [];

    const outcome = await (async () => {
      await using mqtt = await mqttSession({ url: broker.url, clientId: "GW-0001" });
      waiting.push(mqtt.closed.then(note("mqtt")));
      await using http = httpClient();
      // Under way until the client is closed.
      const request = http.request("GET", `http://127.0.0.1:${server.addr.port}/`);
      waiting.push(assertRejects(() => request, Error, "has been closed").then(note("http")));
      await using _failing = resource({}, release);
      await using child = childProcess("sleep", { args: ["60"] });
      waiting.push(child.status.then(note("child")));
      queueMicrotask(() => controller.abort(new Error("asked to stop")));
      await body(controller.signal);
    })().then(() => undefined, (error: unknown) => error);

    await Promise.all(waiting);
    late.resolve(new Response());
    assertEquals(order, ["child", "http", "mqtt"]);
    assertEquals(describeError(outcome), says);
    const lines: string[] = [];
    createLog({ write: (line) => lines.push(line) }).error("Ended", { error: outcome });
    if (outcome !== undefined) assertStringIncludes(lines[0] ?? "", JSON.stringify(says));
  });
}

Deno.test("a stack releases what was made before the one that could not be made", async () => {
  await using broker = await plainBroker();
  const closed: Promise<Error | null>[] = [];
  const error = await assertRejects(async () => {
    await using stack = new AsyncDisposableStack();
    const first = stack.use(await mqttSession({ url: broker.url, clientId: "first" }));
    closed.push(first.closed);
    stack.use(await mqttSession({ url: "mqtt://127.0.0.1:1", clientId: "second" }));
  });
  assertInstanceOf(error, MqttError);
  assertEquals(await Promise.all(closed), [null]);
});

Deno.test("a stack hands its resources over to an owner with move()", async () => {
  await using broker = await plainBroker();
  const make = async () => {
    await using stack = new AsyncDisposableStack();
    const mqtt = stack.use(await mqttSession({ url: broker.url, clientId: "moved" }));
    return { mqtt, owned: stack.move() };
  };
  const { mqtt, owned } = await make();
  await mqtt.publish("a", "still there");
  await owned.disposeAsync();
  assertEquals(await mqtt.closed, null);
});
