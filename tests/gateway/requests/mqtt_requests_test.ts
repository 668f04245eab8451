import { assertEquals } from "@std/assert";
import { type MqttMessage, mqttSession, silentLog } from "@mbus-gateway/resource";
import { encodeRequest, topic } from "@mbus-gateway/wire";
import { mqttRequests } from "../../../gateway/requests/mqtt_requests.ts";
import { requestMemory } from "../../../gateway/requests/request_memory.ts";
import { createRequests, handler } from "../../../gateway/requests/requests.ts";
import { plainBroker } from "../../fixtures/plain_broker.ts";
import { until } from "../../fixtures/until.ts";

const EXPIRES = new Date(Date.now() + 300_000).toISOString();

Deno.test("mqttRequests() answers over MQTT 3.1.1, progress too, where the payload says, and never outside its own topics", async () => {
  await using broker = await plainBroker();
  using memory = requestMemory(":memory:");
  const clock = { now: () => new Date(), trusted: () => true };
  const requests = createRequests({ gateway: "GW-0001", memory, clock, log: silentLog });
  using _ = requests.offer({
    walk: handler({}, (_, { progress }) => {
      progress({ steps: 1 });
      return Promise.resolve("there");
    }),
  });
  const mqtt = mqttRequests({ gateway: "GW-0001", requests, log: silentLog });
  await using gateway = await mqttSession({
    url: broker.url,
    clientId: "GW-0001",
    onMessage: (message) => void mqtt.take(message),
  });
  await mqtt.attach(gateway);

  const heard: { topic: string; id: string; kind: string; correlation: string }[] = [];
  const onMessage = ({ topic, payload }: MqttMessage) => {
    if (topic.includes("/request/")) return; // its own question
    const { id, correlation, progress } = JSON.parse(new TextDecoder().decode(payload));
    heard.push({ topic, id, correlation, kind: progress === undefined ? "answer" : "progress" });
  };
  await using asker = await mqttSession({ url: broker.url, clientId: "support", onMessage });
  assertEquals(asker.protocolVersion, 4);
  await asker.subscribe("#");
  const wanted = [["own", "gateways/GW-0001/response/walk/desk-7"], ["foreign", "gateways/GW-0002/response/walk"]];
  for (const [id = "", responseTopic] of wanted) {
    const request = encodeRequest({ id, expiresAt: EXPIRES, responseTopic, correlation: `for ${id}`, params: {} });
    await asker.publish(topic.request("GW-0001", "walk"), request);
    await until(`${id} is answered`, () => heard.some((each) => each.id === id && each.kind === "answer"));
  }
  assertEquals(heard.map(({ topic, correlation, kind }) => [topic, correlation, kind]).sort(), [
    ["gateways/GW-0001/response/walk", "for foreign", "answer"],
    ["gateways/GW-0001/response/walk", "for foreign", "progress"],
    ["gateways/GW-0001/response/walk/desk-7", "for own", "answer"],
    ["gateways/GW-0001/response/walk/desk-7", "for own", "progress"],
  ]);
  mqtt.detach();
});
