import { assertEquals, assertRejects } from "@std/assert";
import { deadline } from "@std/async";
import { MqttError, type MqttMessage, mqttSession } from "@mbus-gateway/resource";
import { topic } from "@mbus-gateway/wire";
import { needs } from "../fixtures/needs.ts";
import { type PrivateMosquitto, privateMosquitto } from "../fixtures/private_mosquitto.ts";

/** A session under this certificate name, with what it receives. */
async function as(broker: PrivateMosquitto, name: string) {
  const got: string[] = [];
  const waiting = new Map<string, () => void>();
  const onMessage = (message: MqttMessage) => {
    const line = `${message.topic}=${new TextDecoder().decode(message.payload)}`;
    got.push(line);
    waiting.get(line)?.();
  };
  // The client id is free to choose: access goes by the certificate alone.
  const mqtt = await mqttSession({
    url: broker.url,
    clientId: `session-of-${name}`,
    ...await broker.client(name),
    onMessage,
  });
  return {
    mqtt,
    got,
    async until(line: string) {
      if (got.includes(line)) return;
      const { promise, resolve } = Promise.withResolvers<void>();
      waiting.set(line, resolve);
      await deadline(promise, 15_000);
    },
  };
}

/** The server and two gateways at one broker. */
async function parties() {
  await using stack = new AsyncDisposableStack();
  const broker = stack.use(await privateMosquitto());
  const enter = async (name: string) => {
    const session = await as(broker, name);
    stack.use(session.mqtt);
    return session;
  };
  const [server, one, two] = [await enter("mbus-server"), await enter("GW-0001"), await enter("GW-0002")];
  const owned = stack.move();
  return { server, one, two, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

Deno.test({
  name: "deploy/mosquitto.acl lets a gateway publish as itself and hear what is meant for it, nothing else",
  ...needs("mosquitto", "openssl"),
  async fn() {
    await using at = await parties();
    const { server, one, two } = at;
    const [serverMqtt, oneMqtt, twoMqtt] = [server.mqtt, one.mqtt, two.mqtt];

    await serverMqtt.subscribe(`$share/ingest/${topic.allData}`);
    await serverMqtt.subscribe("gateways/+/state");
    for (const each of [topic.confirm("GW-0001"), topic.confirm("GW-0002"), "gateways/+/confirm", "#"]) {
      // The broker grants what its access rules then never serve.
      await oneMqtt.subscribe(each);
    }
    await twoMqtt.subscribe(topic.confirm("GW-0002"));
    await twoMqtt.subscribe("gateways/GW-0002/request/#");

    await oneMqtt.publish(topic.data("GW-0001"), "own");
    await oneMqtt.publish(topic.state("GW-0001"), "online", { retain: true });
    await server.until("meters/GW-0001/data=own");
    await server.until("gateways/GW-0001/state=online");

    const foreign = [topic.data("GW-0002"), topic.state("GW-0002"), topic.confirm("GW-0001"), topic.confirm("GW-0002")];
    for (const each of [...foreign, "meters/GW-0001/other", "anything"]) {
      await assertRejects(() => oneMqtt.publish(each, "forged"), MqttError, "access rules do not allow it");
    }
    await assertRejects(() => serverMqtt.publish(topic.data("GW-0001"), "forged"), MqttError, "access rules");

    await serverMqtt.publish(topic.confirm("GW-0002"), "held");
    await serverMqtt.publish("gateways/GW-0002/request/read", "now");
    await two.until("gateways/GW-0002/request/read=now");
    assertEquals(two.got, ["gateways/GW-0002/confirm=held", "gateways/GW-0002/request/read=now"]);
    await serverMqtt.publish(topic.confirm("GW-0001"), "held");
    await one.until("gateways/GW-0001/confirm=held");
    assertEquals(new Set(one.got), new Set(["gateways/GW-0001/confirm=held"]));
    assertEquals(server.got, ["meters/GW-0001/data=own", "gateways/GW-0001/state=online"]);
  },
});

/** Takes the # away, as the comment says. */
function withHomeAssistant(rules: string): string {
  const [always = "", offered = ""] = rules.split(/^(?=# Only where gateways tell Home Assistant)/m);
  return always + offered.replaceAll(/^# (?=pattern|user|topic)/gm, "");
}

Deno.test({
  name:
    "deploy/mosquitto.acl lets gateways tell Home Assistant only where that was opted in, and each of its own meters",
  ...needs("mosquitto", "openssl"),
  async fn() {
    const topics = (gateway: string) => [
      `homeassistant/sensor/${gateway}/MGW_12345678_01_04_energy/config`,
      `meters/${gateway}/MGW_12345678_01_04/state`,
      `meters/${gateway}/MGW_12345678_01_04/availability`,
    ];
    {
      await using broker = await privateMosquitto();
      const { mqtt } = await as(broker, "GW-0001");
      await using _ = mqtt;
      for (const each of topics("GW-0001")) {
        await assertRejects(() => mqtt.publish(each, "x"), MqttError, "access rules");
      }
    }
    await using broker = await privateMosquitto({ accessRules: withHomeAssistant });
    const house = await as(broker, "home-assistant");
    await using houseMqtt = house.mqtt;
    const gateway = await as(broker, "GW-0001");
    await using mqtt = gateway.mqtt;
    for (const filter of ["homeassistant/#", "meters/+/+/state", "meters/+/+/availability"]) {
      await houseMqtt.subscribe(filter);
    }
    await mqtt.subscribe("homeassistant/status");
    for (const each of topics("GW-0001")) {
      await mqtt.publish(each, "x");
      await house.until(`${each}=x`);
    }
    await houseMqtt.publish("homeassistant/status", "online");
    await gateway.until("homeassistant/status=online");
    for (const each of topics("GW-0002")) await assertRejects(() => mqtt.publish(each, "x"), MqttError, "access rules");
    await assertRejects(() => mqtt.publish("homeassistant/status", "online"), MqttError, "access rules");
    await mqtt.publish(topic.health("GW-0001"), "{}");
    await assertRejects(() => mqtt.publish(topic.health("GW-0002"), "{}"), MqttError, "access rules");
  },
});

Deno.test({
  name:
    "deploy/mosquitto.acl lets the server ask and each gateway answer for itself; no gateway asks, or hears another's",
  ...needs("mosquitto", "openssl"),
  async fn() {
    await using at = await parties();
    const { server, one, two } = at;
    const [serverMqtt, oneMqtt, twoMqtt] = [server.mqtt, one.mqtt, two.mqtt];
    await serverMqtt.subscribe("gateways/+/response/#");
    await oneMqtt.subscribe(topic.allRequests("GW-0001"));
    for (const filter of ["gateways/+/request/#", "gateways/+/response/#", topic.allRequests("GW-0001")]) {
      await twoMqtt.subscribe(filter);
    }

    await serverMqtt.publish(topic.request("GW-0001", "config/get"), "what");
    await one.until("gateways/GW-0001/request/config/get=what");
    await oneMqtt.publish(`${topic.response("GW-0001", "config/get")}/desk-7`, "this");
    await server.until("gateways/GW-0001/response/config/get/desk-7=this");

    for (const gateway of ["GW-0001", "GW-0002"]) {
      const forged = () => oneMqtt.publish(topic.request(gateway, "config/set"), "forged");
      await assertRejects(forged, MqttError, "access rules do not allow it", gateway);
    }
    const forOther = () => oneMqtt.publish(topic.response("GW-0002", "read"), "forged");
    await assertRejects(forOther, MqttError, "access rules do not allow it");
    const byServer = () => serverMqtt.publish(topic.response("GW-0001", "read"), "forged");
    await assertRejects(byServer, MqttError, "access rules do not allow it");

    // What comes last has overtaken nothing: by now the second gateway would have heard what was not for it.
    await serverMqtt.publish(topic.request("GW-0002", "status"), "last");
    await two.until("gateways/GW-0002/request/status=last");
    assertEquals(two.got, ["gateways/GW-0002/request/status=last"]);
    assertEquals(one.got, ["gateways/GW-0001/request/config/get=what"]);
    assertEquals(server.got, ["gateways/GW-0001/response/config/get/desk-7=this"]);
  },
});

Deno.test({
  name: "deploy/mosquitto.acl gives a certificate whose name is a wildcard nothing",
  ...needs("mosquitto", "openssl"),
  async fn() {
    await using broker = await privateMosquitto();
    for (const name of ["+", "#"]) {
      const session = await as(broker, name).catch((error: Error) => error);
      if (session instanceof Error) continue;
      await using mqtt = session.mqtt;
      await assertRejects(() => mqtt.publish(topic.data("GW-0001"), "forged"), MqttError, "access rules");
      await assertRejects(() => mqtt.publish(`meters/${name}x/data`, "forged"));
    }
  },
});

Deno.test({
  name: "deploy/mosquitto.conf keeps sessions and their messages over a restart of the broker",
  ...needs("mosquitto", "openssl"),
  async fn() {
    await using broker = await privateMosquitto();
    const client = await broker.client("mbus-server");
    const gateway = await broker.client("GW-0001");
    const server = { url: broker.url, clientId: "server", clean: false, ...client };
    {
      await using mqtt = await mqttSession(server);
      await mqtt.subscribe(topic.allData);
    }
    {
      await using mqtt = await mqttSession({ url: broker.url, clientId: "GW-0001", ...gateway });
      await mqtt.publish(topic.data("GW-0001"), "kept");
    }
    await broker.restart();
    const { promise: kept, resolve } = Promise.withResolvers<MqttMessage>();
    await using _mqtt = await mqttSession({ ...server, onMessage: resolve });
    assertEquals(new TextDecoder().decode((await deadline(kept, 15_000)).payload), "kept");
  },
});

Deno.test({
  name: "deploy/mosquitto.conf says what it accepts at most, and a larger message is refused before it is sent",
  ...needs("mosquitto", "openssl"),
  async fn() {
    await using broker = await privateMosquitto();
    const client = await broker.client("GW-0001");
    await using mqtt = await mqttSession({ url: broker.url, clientId: "GW-0001", ...client });
    await mqtt.publish(topic.data("GW-0001"), new Uint8Array(4 * 1024 * 1024));
    const tooMuch = new Uint8Array(5 * 1024 * 1024);
    await assertRejects(() => mqtt.publish(topic.data("GW-0001"), tooMuch), MqttError, "send less at once");
  },
});
