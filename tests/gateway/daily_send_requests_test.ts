import { assertEquals } from "@std/assert";
import { type MqttMessage, mqttSession, silentLog } from "@mbus-gateway/resource";
import { encodeRequest, type GatewayResponse, parseResponse, topic } from "@mbus-gateway/wire";
import { createCounts } from "../../gateway/counts.ts";
import { dailySend } from "../../gateway/daily_send.ts";
import { mqttRequests } from "../../gateway/requests/mqtt_requests.ts";
import { requestMemory } from "../../gateway/requests/request_memory.ts";
import { createRequests, handler } from "../../gateway/requests/requests.ts";
import { needs } from "../fixtures/needs.ts";
import { plainBroker } from "../fixtures/plain_broker.ts";
import { privateMosquitto } from "../fixtures/private_mosquitto.ts";
import { until } from "../fixtures/until.ts";
import { confirmingServer } from "./confirming_server.ts";

/** A gateway that sends now and then, and somebody who asks it things. */
async function scene(brokerUrl: string, body: (scene: Awaited<ReturnType<typeof build>>) => Promise<void>) {
  const folder = await Deno.makeTempDir({ prefix: "mbus_visit_" });
  try {
    using memory = requestMemory(":memory:");
    await using server = await confirmingServer(brokerUrl, "GW-0001");
    const heard: GatewayResponse[] = [];
    const onMessage = ({ payload }: MqttMessage) => void heard.push(parseResponse(payload));
    await using asker = await mqttSession({ url: brokerUrl, clientId: "support", onMessage });
    await asker.subscribe(`${topic.response("GW-0001", "")}#`);
    await body(build({ brokerUrl, spool: `${folder}/spool.db`, memory, server, asker, heard }));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function build({ brokerUrl, spool, memory, server, asker, heard }: {
  brokerUrl: string;
  spool: string;
  memory: ReturnType<typeof requestMemory>;
  server: Awaited<ReturnType<typeof confirmingServer>>;
  asker: Awaited<ReturnType<typeof mqttSession>>;
  heard: GatewayResponse[];
}) {
  const clock = { now: () => new Date(), trusted: () => true };
  const requests = createRequests({ gateway: "GW-0001", memory, clock, log: silentLog });
  const done: string[] = [];
  const walk = Promise.withResolvers<string>();
  requests.offer({
    count: handler({}, () => Promise.resolve(done.push("count"))),
    walk: handler({}, () => {
      done.push("walk");
      return walk.promise;
    }),
  });
  const mqtt = mqttRequests({ gateway: "GW-0001", requests, log: silentLog });
  const links: boolean[] = [];
  return {
    ...{ heard, done, walk, links },
    send: () =>
      dailySend({
        ...{ gateway: "GW-0001", spool, counts: createCounts(), mqttRequests: mqtt },
        mqtt: { url: brokerUrl, clientId: "GW-0001" },
        platform: { url: server.url, token: server.token },
        onConnected: (connected) => links.push(connected),
      }),
    ask: (verb: string, id: string, ms = 60_000) =>
      asker.publish(
        topic.request("GW-0001", verb),
        encodeRequest({ id, expiresAt: new Date(Date.now() + ms).toISOString(), params: {} }),
      ),
  };
}

const inShort = (heard: GatewayResponse[]) =>
  heard.map((response) => [response.id, "code" in response ? response.code : "ok" in response && response.result])
    .sort();

async function waitsAtTheBroker(brokerUrl: string) {
  await scene(brokerUrl, async ({ send, ask, heard, done, links }) => {
    await send(); // from now on the broker knows who is asked
    await ask("count", "1");
    await ask("count", "2");
    await ask("count", "late", 1);
    assertEquals(heard, []);
    await send();
    await until("all three are answered", () => heard.length === 3);
    assertEquals(inShort(heard), [["1", 1], ["2", 2], ["late", "expired"]]);
    assertEquals(done, ["count", "count"]);
    assertEquals(links, [true, false, true, false]);
  });
}

Deno.test("dailySend() answers what was asked while the gateway was not connected", async () => {
  await using broker = await plainBroker();
  await waitsAtTheBroker(broker.url);
});

Deno.test({
  name: "dailySend() answers what waited at a mosquitto while the gateway was not connected",
  ...needs("mosquitto"),
  async fn() {
    await using broker = await privateMosquitto({ tls: false });
    await waitsAtTheBroker(broker.url);
  },
});

Deno.test("dailySend() stays until what is asked meanwhile is answered", async () => {
  await using broker = await plainBroker();
  await scene(broker.url, async ({ send, ask, heard, done, walk }) => {
    await send();
    await ask("walk", "1");
    const sent = send();
    await until("it walks", () => done.length === 1);
    await ask("count", "2");
    await until("the other is answered", () => heard.length === 1);
    walk.resolve("there");
    await sent;
    await until("both are answered", () => heard.length === 2);
    assertEquals(inShort(heard), [["1", "there"], ["2", 2]]);
  });
});
