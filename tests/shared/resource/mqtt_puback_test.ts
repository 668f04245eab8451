import { assertEquals } from "@std/assert";
import { deadline } from "@std/async";
import { type MqttMessage, type MqttSession, mqttSession } from "@mbus-gateway/resource";
import { needs } from "../../fixtures/needs.ts";
import { plainBroker } from "../../fixtures/plain_broker.ts";
import { privateMosquitto } from "../../fixtures/private_mosquitto.ts";

const text = (message: MqttMessage) => new TextDecoder().decode(message.payload);

/** A session of the same client id each time, which keeps what it has not acknowledged at the broker. */
async function resumed(url: string, count: number) {
  const messages: MqttMessage[] = [];
  const { promise: complete, resolve } = Promise.withResolvers<void>();
  const mqtt = await mqttSession({
    url,
    clientId: "ingest",
    clean: false,
    acknowledge: "manual",
    onMessage(message) {
      messages.push(message);
      if (messages.length >= count) resolve();
    },
  });
  return { mqtt, messages, complete: () => deadline(complete, 15_000) };
}

async function acknowledgeFourOfTen(url: string): Promise<MqttSession["protocolVersion"]> {
  const all = Array.from({ length: 10 }, (_, index) => `message ${index}`);
  let stale: MqttMessage[];
  {
    const { mqtt, messages, complete } = await resumed(url, 10);
    await using _mqtt = mqtt;
    await mqtt.subscribe("a");
    // None of them is acknowledged yet, and the client goes on reading: it publishes and receives all the same.
    for (const each of all) await mqtt.publish("a", each);
    await complete();
    assertEquals(messages.map(text), all);
    for (const message of messages.slice(0, 4)) {
      message.acknowledge();
      message.acknowledge();
    }
    stale = messages.slice(4);
    // In the same stream as the PUBACKs: once this is acknowledged, they have arrived.
    await mqtt.publish("b", "barrier");
  }
  {
    const { mqtt, messages, complete } = await resumed(url, 6);
    await using _mqtt = mqtt;
    await complete();
    assertEquals(messages.map(text), all.slice(4));
    // aedes leaves the DUP flag out.
    const flagged = mqtt.protocolVersion === 5;
    assertEquals(messages.map((message) => message.duplicate), Array(6).fill(flagged));
    // Acknowledgements of the older connection do nothing to this one's.
    for (const message of stale) message.acknowledge();
    await mqtt.publish("b", "barrier");
  }
  const { mqtt, messages, complete } = await resumed(url, 6);
  await using _mqtt = mqtt;
  await complete();
  assertEquals(messages.map(text), all.slice(4));
  for (const message of messages) message.acknowledge();
  await mqtt.publish("b", "barrier");
  return mqtt.protocolVersion;
}

Deno.test({
  name: "a manual MQTT session gets again just what it has not acknowledged, with MQTT 5",
  ...needs("mosquitto"),
  async fn() {
    await using broker = await privateMosquitto({ tls: false });
    assertEquals(await acknowledgeFourOfTen(broker.url), 5);
  },
});

Deno.test("a manual MQTT session gets again just what it has not acknowledged, with MQTT 3.1.1", async () => {
  await using broker = await plainBroker();
  assertEquals(await acknowledgeFourOfTen(broker.url), 4);
});

Deno.test({
  name: "a manual MQTT session that acknowledged everything gets nothing again",
  ...needs("mosquitto"),
  async fn() {
    await using broker = await privateMosquitto({ tls: false });
    {
      const { mqtt, messages, complete } = await resumed(broker.url, 3);
      await using _mqtt = mqtt;
      await mqtt.subscribe("a");
      for (const each of ["1", "2", "3"]) await mqtt.publish("a", each);
      await complete();
      for (const message of messages) message.acknowledge();
      await mqtt.publish("b", "barrier");
    }
    const { mqtt, messages, complete } = await resumed(broker.url, 1);
    await using _mqtt = mqtt;
    await mqtt.publish("a", "only this");
    await complete();
    assertEquals(messages.map(text), ["only this"]);
  },
});
