import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { deadline } from "@std/async";
import { ConfigurationError, MqttError, type MqttMessage, mqttSession } from "@mbus-gateway/resource";
import { needs } from "../../fixtures/needs.ts";
import { badBroker, plainBroker } from "../../fixtures/plain_broker.ts";
import { privateMosquitto } from "../../fixtures/private_mosquitto.ts";

const text = (message: MqttMessage) => new TextDecoder().decode(message.payload);

/** Collects messages and says when so many are there. */
function inbox() {
  const messages: MqttMessage[] = [];
  const waiting: { count: number; resolve: () => void }[] = [];
  return {
    messages,
    onMessage(message: MqttMessage) {
      messages.push(message);
      for (const { count, resolve } of waiting) if (messages.length >= count) resolve();
    },
    async until(count: number) {
      if (messages.length >= count) return;
      const { promise, resolve } = Promise.withResolvers<void>();
      waiting.push({ count, resolve });
      await deadline(promise, 15_000);
    },
  };
}

Deno.test({
  name: "mqttSession() publishes and receives with MQTT 5, its properties included",
  ...needs("mosquitto"),
  async fn() {
    await using broker = await privateMosquitto({ tls: false });
    const box = inbox();
    await using mqtt = await mqttSession({ url: broker.url, clientId: "both", onMessage: box.onMessage });
    assertEquals(mqtt.protocolVersion, 5);
    await mqtt.subscribe("a/+");
    await mqtt.publish("a/b", "text", {
      contentType: "application/json",
      responseTopic: "a/answer",
      correlationData: Uint8Array.of(1, 2),
    });
    await mqtt.publish("a/c", Uint8Array.of(0, 255), { qos: 0 });
    await box.until(2);
    const [first, second] = box.messages;
    assert(first !== undefined && second !== undefined);
    assertEquals([first.topic, text(first)], ["a/b", "text"]);
    assertEquals([first.contentType, first.responseTopic], ["application/json", "a/answer"]);
    assertEquals(first.correlationData, Uint8Array.of(1, 2));
    assertEquals(second.payload, Uint8Array.of(0, 255));
  },
});

Deno.test("mqttSession() falls back to MQTT 3.1.1 where the broker knows no better", async () => {
  await using broker = await plainBroker();
  const box = inbox();
  await using mqtt = await mqttSession({ url: broker.url, clientId: "old", onMessage: box.onMessage });
  assertEquals(mqtt.protocolVersion, 4);
  await mqtt.subscribe("a/b");
  await mqtt.publish("a/b", "text", { contentType: "left out" });
  await box.until(1);
  assertEquals(box.messages.map(text), ["text"]);
});

Deno.test("mqttSession() does not try again for any other reason", async () => {
  const answers: [name: string, answer: Uint8Array | null, says: string][] = [
    ["bad password", Uint8Array.of(0x20, 3, 0, 134, 0), "bad user name or password"],
    ["not authorized", Uint8Array.of(0x20, 3, 0, 135, 0), "does not let this client in"],
    ["no answer", null, "closed the connection before it answered"],
    ["something else", new TextEncoder().encode("HTTP/1.1 400 Bad Request\r\n\r\n"), "Cannot"],
  ];
  for (const [name, answer, says] of answers) {
    let connections = 0;
    await using broker = await badBroker((socket) => {
      connections += 1;
      socket.once("data", () => answer === null ? socket.destroy() : socket.end(answer));
    });
    const error = await assertRejects(() => mqttSession({ url: broker.url, clientId: "x" }), MqttError, says, name);
    assertStringIncludes(error.message, String(broker.port));
    assertEquals(connections, 1, name);
  }
});

Deno.test("mqttSession() ends an attempt by its time-out, which covers the CONNACK, and by its signal", async () => {
  await using broker = await badBroker(() => {});
  await assertRejects(
    () => mqttSession({ url: broker.url, clientId: "x", connectTimeoutMs: 50 }),
    MqttError,
    "did not answer within 0.05 s",
  );
  const controller = new AbortController();
  const attempt = mqttSession({ url: broker.url, clientId: "x", signal: controller.signal });
  setTimeout(() => controller.abort(new Error("stop")), 20);
  await assertRejects(() => attempt, Error, "stop");
  await assertRejects(() => mqttSession({ url: broker.url, clientId: "x", signal: controller.signal }), Error, "stop");
});

Deno.test("mqttSession() says where nobody listens, and that there is no such host", async () => {
  await assertRejects(
    () => mqttSession({ url: "mqtt://127.0.0.1:1", clientId: "x" }),
    MqttError,
    "nobody listens there",
  );
  await assertRejects(
    () => mqttSession({ url: "mqtts://no-such-host.invalid", clientId: "x" }),
    MqttError,
    "no-such-host.invalid:8883",
  );
});

Deno.test("mqttSession() refuses what cannot work before it connects", async () => {
  const cases: [options: { url: string; cert?: string; key?: string; ca?: string }, says: string][] = [
    [{ url: "mqtt://broker.example.org" }, "write mqtts://"],
    [{ url: "https://broker.example.org" }, "expected mqtts://host:8883"],
    [{ url: "broker" }, "is no URL"],
    [{ url: "mqtts://broker.example.org", cert: "-" }, "no key"],
    [{ url: "mqtts://broker.example.org", ca: "/etc/ca.crt" }, "no certificate as PEM text"],
    [{ url: "mqtt://127.0.0.1", cert: "-", key: "-" }, "has no TLS"],
  ];
  for (const [options, says] of cases) {
    await assertRejects(() => mqttSession({ clientId: "x", ...options }), ConfigurationError, says);
  }
});

Deno.test({
  name: "publish() of an MQTT session rejects when the connection ends before the PUBACK",
  ...needs("mosquitto"),
  async fn() {
    await using broker = await privateMosquitto({ tls: false });
    await using mqtt = await mqttSession({ url: broker.url, clientId: "x" });
    await mqtt.publish("a", "1");
    broker.freeze(true);
    const lost = assertRejects(() => mqtt.publish("a", "2"), MqttError, "Cannot keep connection to broker");
    const aborted = assertRejects(() => mqtt.publish("a", "3", { signal: AbortSignal.timeout(20) }), DOMException);
    await aborted;
    await broker.kill();
    await lost;
    const reason = await mqtt.closed;
    assert(reason instanceof MqttError);
    await assertRejects(() => mqtt.publish("a", "4"), MqttError, "Cannot keep connection");
    await assertRejects(() => mqtt.publish("a", "5", { qos: 0 }), MqttError, "Cannot keep connection");
    await assertRejects(() => mqtt.subscribe("a"), MqttError, "Cannot keep connection");
  },
});

Deno.test("publish() of an MQTT session keeps to the broker's receive maximum and packet size", async () => {
  const publishes: Uint8Array[] = [];
  let release = () => {};
  await using broker = await badBroker((socket) => {
    socket.on("data", (data: Uint8Array) => {
      if (data[0] === 0x10) {
        // CONNACK with receive maximum 2 (0x21) and maximum packet size 100 (0x27).
        socket.write(Uint8Array.of(0x20, 11, 0, 0, 8, 0x21, 0, 2, 0x27, 0, 0, 0, 100));
      }
      for (let at = 0; at < data.length; at += 2 + (data[at + 1] ?? 0)) {
        // PUBLISH QoS 1 to "a": the packet identifier follows the topic.
        if (data[at] === 0x32) publishes.push(data.subarray(at + 5, at + 7));
      }
      release = () => publishes.splice(0).forEach((id) => socket.write(Uint8Array.of(0x40, 2, ...id)));
      if (data[0] === 0xe0) socket.end();
    });
  });
  await using mqtt = await mqttSession({ url: broker.url, clientId: "x" });
  await assertRejects(() => mqtt.publish("a", new Uint8Array(90)), MqttError, "exceed the 100");
  const three = [1, 2, 3].map(() => mqtt.publish("a", "b"));
  while (publishes.length < 2) await new Promise((resolve) => setTimeout(resolve, 1));
  await new Promise((resolve) => setTimeout(resolve, 30));
  assertEquals(publishes.length, 2);
  release();
  while (publishes.length < 1) await new Promise((resolve) => setTimeout(resolve, 1));
  release();
  await Promise.all(three);
});

Deno.test({
  name: "an MQTT session says DISCONNECT at the end of its block, also when the block threw: no last will",
  ...needs("mosquitto"),
  async fn() {
    await using broker = await privateMosquitto({ tls: false });
    const box = inbox();
    await using watcher = await mqttSession({ url: broker.url, clientId: "watcher", onMessage: box.onMessage });
    await watcher.subscribe("state");
    const will = { topic: "state", payload: "offline" };
    {
      await using mqtt = await mqttSession({ url: broker.url, clientId: "x", will });
      await mqtt.publish("state", "online");
    }
    await assertRejects(
      async () => {
        await using mqtt = await mqttSession({ url: broker.url, clientId: "y", will });
        await mqtt.publish("state", "throwing");
        throw new Error("in the body");
      },
      Error,
      "in the body",
    );
    const killed = await mqttSession({ url: broker.url, clientId: "z", will });
    // Another client with the same id: the broker drops the first, and publishes its will.
    await using _taker = await mqttSession({ url: broker.url, clientId: "z" });
    assertStringIncludes((await killed.closed)?.message ?? "", "the broker closed it");
    await killed[Symbol.asyncDispose]();
    await box.until(3);
    assertEquals(box.messages.map(text), ["online", "throwing", "offline"]);
  },
});

Deno.test("an MQTT session says why the broker ended it", async () => {
  await using broker = await badBroker((socket) => {
    // CONNACK, then DISCONNECT "session taken over" (MQTT 5, section 3.14.2.1).
    socket.once("data", () => socket.write(Uint8Array.of(0x20, 3, 0, 0, 0)));
    setTimeout(() => socket.end(Uint8Array.of(0xe0, 2, 142, 0)), 20);
  });
  await using mqtt = await mqttSession({ url: broker.url, clientId: "x" });
  const reason = await mqtt.closed;
  assertStringIncludes(reason?.message ?? "", "another client has connected with the same client id");
});

Deno.test({
  name: "an MQTT session ends its block within seconds although the broker hangs",
  ...needs("mosquitto"),
  async fn() {
    await using broker = await privateMosquitto({ tls: false });
    const mqtt = await mqttSession({ url: broker.url, clientId: "x" });
    broker.freeze(true);
    const lost = assertRejects(() => mqtt.publish("a", "2"), MqttError, "has been closed");
    await deadline(Promise.resolve(mqtt[Symbol.asyncDispose]()), 15_000);
    await lost;
    assertEquals(await mqtt.closed, null);
    await mqtt[Symbol.asyncDispose]();
  },
});

Deno.test({
  name: "an MQTT session ends with the error that its onMessage threw, and the message comes again",
  ...needs("mosquitto"),
  async fn() {
    await using broker = await privateMosquitto({ tls: false });
    const options = { url: broker.url, clientId: "x", clean: false };
    {
      const onMessage = () => {
        throw new Error("cannot take it");
      };
      await using mqtt = await mqttSession({ ...options, onMessage });
      await mqtt.subscribe("a");
      await mqtt.publish("a", "precious").catch(() => {});
      assertStringIncludes((await mqtt.closed)?.message ?? "", "cannot take it");
    }
    const box = inbox();
    await using _mqtt = await mqttSession({ ...options, onMessage: box.onMessage });
    await box.until(1);
    assertEquals(box.messages.map(text), ["precious"]);
  },
});
