import { assert, assertEquals, assertRejects } from "@std/assert";
import { ConfigurationError, createLog, MqttError, mqttSession } from "@mbus-gateway/resource";
import { embeddedBroker } from "../../../server/embedded/broker.ts";

const TOKENS = new Map([["GW-0001", "token one"], ["GW-0002", "token two"]]);
const authenticate = (gateway: string, token: string) => Promise.resolve(TOKENS.get(gateway) === token);

const as = (gateway: string, token = TOKENS.get(gateway)) => ({
  clientId: gateway,
  username: gateway,
  password: token,
});

/** The next value that something calls with. */
function heard<T>() {
  const values: T[] = [];
  let wake = () => {};
  return {
    push: (value: T) => {
      values.push(value);
      wake();
    },
    async next(): Promise<T> {
      while (values.length === 0) await new Promise<void>((resolve) => wake = resolve);
      return values.shift() as T;
    },
  };
}

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

Deno.test("embeddedBroker() carries readouts to the server and confirmations back", async () => {
  await using broker = await embeddedBroker({ port: 0, authenticate });
  const [atServer, atGateway] = [heard<string>(), heard<string>()];
  await using server = await mqttSession({
    url: broker.url,
    ...broker.server,
    onMessage: ({ topic, payload }) => atServer.push(`${topic} ${text(payload)}`),
  });
  assertEquals(server.protocolVersion, 4);
  await server.subscribe("meters/+/data");
  {
    await using gateway = await mqttSession({
      url: broker.url,
      ...as("GW-0001"),
      onMessage: ({ topic, payload }) => atGateway.push(`${topic} ${text(payload)}`),
    });
    await gateway.subscribe("gateways/GW-0001/confirm");
    await gateway.publish("meters/GW-0001/data", "readouts");
    assertEquals(await atServer.next(), "meters/GW-0001/data readouts");
    await server.publish("gateways/GW-0001/confirm", "held");
    assertEquals(await atGateway.next(), "gateways/GW-0001/confirm held");
  }
});

Deno.test("embeddedBroker() lets in nobody without the token of the gateway whose name it bears", async () => {
  const lines: string[] = [];
  const log = createLog({ write: (line) => lines.push(line) });
  await using broker = await embeddedBroker({ port: 0, authenticate, log });
  const attempts = [
    as("GW-0001", "token two"),
    as("GW-0003", ""),
    { clientId: "GW-0001" },
    { ...as("GW-0001"), clientId: "GW-0002" },
    { ...as("GW-0001"), clientId: "mbus-server" },
    { ...broker.server, password: "" },
    { ...broker.server, password: "x".repeat(broker.server.password.length) },
  ];
  for (const attempt of attempts) await assertRejects(() => mqttSession({ url: broker.url, ...attempt }), MqttError);
  assertEquals(lines.length, attempts.length);
  assert(!lines.join().includes("token two"), "a password is in the log");
});

Deno.test("embeddedBroker() ends the connection of a gateway that publishes as another", async () => {
  await using broker = await embeddedBroker({ port: 0, authenticate });
  const atServer = heard<string>();
  await using server = await mqttSession({
    url: broker.url,
    ...broker.server,
    onMessage: ({ topic }) => atServer.push(topic),
  });
  await server.subscribe("meters/+/data");
  await using gateway = await mqttSession({ url: broker.url, ...as("GW-0001") });
  await assertRejects(() => gateway.publish("meters/GW-0002/data", "forged"));
  assert(await gateway.closed instanceof Error);
  await using again = await mqttSession({ url: broker.url, ...as("GW-0001") });
  await again.publish("meters/GW-0001/data", "own");
  assertEquals(await atServer.next(), "meters/GW-0001/data");
});

Deno.test("embeddedBroker() refuses subscriptions to what is another's", async () => {
  await using broker = await embeddedBroker({ port: 0, authenticate });
  await using gateway = await mqttSession({ url: broker.url, ...as("GW-0001") });
  for (const filter of ["#", "gateways/+/confirm", "gateways/GW-0002/confirm", "meters/GW-0001/data"]) {
    await assertRejects(() => gateway.subscribe(filter), MqttError, filter);
  }
  await gateway.subscribe("gateways/GW-0001/request/#");
});

Deno.test("embeddedBroker() ends a connection whose packet is longer than the contract allows", async () => {
  await using broker = await embeddedBroker({ port: 0, authenticate });
  {
    await using gateway = await mqttSession({ url: broker.url, ...as("GW-0001") });
    await assertRejects(() => gateway.publish("meters/GW-0001/data", new Uint8Array(5 * 1024 * 1024)));
    assert(await gateway.closed instanceof Error);
  }
  using raw = await Deno.connect({ hostname: "127.0.0.1", port: broker.port });
  await raw.write(Uint8Array.of(0x10, 0xff, 0xff, 0xff, 0x7f)); // CONNECT with 256 MiB to come
  assertEquals(await raw.read(new Uint8Array(1)), null);
});

Deno.test("embeddedBroker() says that its port is taken and what chooses another", async () => {
  await using broker = await embeddedBroker({ port: 0, authenticate });
  await assertRejects(
    () => embeddedBroker({ port: broker.port, authenticate }),
    ConfigurationError,
    "choose another with MQTT_PORT",
  );
});

Deno.test("embeddedBroker() closes with clients connected", async () => {
  const broker = await embeddedBroker({ port: 0, authenticate });
  await using gateway = await mqttSession({ url: broker.url, ...as("GW-0001") });
  await broker[Symbol.asyncDispose]();
  assert(await gateway.closed instanceof Error);
});
