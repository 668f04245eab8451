import { assert, assertEquals } from "@std/assert";
import { gatewayProcess } from "../fixtures/gateway_process.ts";
import { needs } from "../fixtures/needs.ts";
import { plainBroker } from "../fixtures/plain_broker.ts";
import { privateMosquitto } from "../fixtures/private_mosquitto.ts";
import { ptyPair } from "../fixtures/pty.ts";
import { until } from "../fixtures/until.ts";
import { simulateBus } from "../simulator/mod.ts";
import { confirmingServer } from "./confirming_server.ts";

Deno.test("the gateway program reads with its rights alone, lives through kill -9, and exits with 0 at SIGTERM", async () => {
  const folder = await Deno.makeTempDir({ prefix: "mbus_process_" });
  try {
    await using bus = simulateBus({ ledger: `${folder}/ledger`, meters: 2, baudRate: 38_400 });
    await using broker = await plainBroker();
    await using server = await confirmingServer(broker.url, "GW-0001");
    server.confirms = false;
    await Deno.writeTextFile(`${folder}/token`, server.token);
    const path = `${folder}/config.yaml`;
    const text = `gateway: GW-0001
dataFolder: data
mqtt: { url: "${broker.url.replace("127.0.0.1", "localhost")}" }
platform: { url: "${server.url}", tokenFile: token, heartbeat: 1h }
buses: [{ name: main, port: "${bus.url}", baudRate: 38400, interval: 1s, meters: [p1, p2] }]
`;
    await Deno.writeTextFile(path, text);
    {
      await using gateway = gatewayProcess(path);
      await gateway.ready;
      await until("something is on its way", () => server.readouts.length >= 2);
      await gateway.kill();
    }
    const before = new Set(server.readouts.map(({ seq }) => seq));
    server.confirms = true;
    await using gateway = gatewayProcess(path, { args: ["--ignore-sigint"] });
    await gateway.ready;
    Deno.kill(gateway.pid, "SIGINT");
    await until("what was unconfirmed comes again", () => {
      const again = server.readouts.filter(({ seq }) => before.has(seq)).length - before.size;
      return again >= before.size && server.readouts.some(({ seq }) => !before.has(seq));
    });
    assertEquals(await gateway.stop(), 0, gateway.log());
    const last = server.heartbeats.at(-1);
    assertEquals([last?.status, last?.spoolDepth], ["stopping", 0]);
    assert(!gateway.log().includes("warn"), gateway.log());
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test({
  name:
    "the gateway program delivers over MQTT 5 with mutual TLS and the shipped access rules; its will tells its death",
  ...needs("mosquitto", "openssl"),
  fn: async () => {
    const folder = await Deno.makeTempDir({ prefix: "mbus_process_" });
    try {
      await using bus = simulateBus({ ledger: `${folder}/ledger`, meters: 2, baudRate: 38_400 });
      await using broker = await privateMosquitto();
      await using server = await confirmingServer(broker.url, "GW-0001", await broker.client("mbus-server"));
      const { ca, cert, key } = await broker.client("GW-0001");
      for (const [name, text] of Object.entries({ ca, cert, key, token: server.token })) {
        await Deno.writeTextFile(`${folder}/${name}`, text);
      }
      const path = `${folder}/config.yaml`;
      await Deno.writeTextFile(
        path,
        `gateway: GW-0001
dataFolder: data
mqtt: { url: "${broker.url}", ca: ca, cert: cert, key: key }
platform: { url: "${server.url}", tokenFile: token, heartbeat: 1s }
buses: [{ name: main, port: "${bus.url}", baudRate: 38400, interval: 1s, meters: [p1, p2] }]
`,
      );
      await using gateway = gatewayProcess(path);
      await until("it has delivered and knows it", () => server.heartbeats.some(({ counts }) => counts.held >= 2));
      assertEquals(server.states.at(-1), '{"state":"online"}');
      await gateway.kill();
      await until("its will is told", () => server.states.at(-1) === '{"state":"offline"}');
      assertEquals(gateway.log(), "");
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});

Deno.test("the gateway program reads a serial port with the right to libc alone", async () => {
  const folder = await Deno.makeTempDir({ prefix: "mbus_process_" });
  try {
    await using bus = simulateBus({ ledger: `${folder}/ledger`, meters: 3, baudRate: 38_400 });
    await using broker = await plainBroker();
    await using server = await confirmingServer(broker.url, "GW-0001");
    await Deno.writeTextFile(`${folder}/token`, server.token);
    const path = `${folder}/config.yaml`;
    let wire: Promise<void>;
    {
      await using pty = ptyPair();
      wire = bus.serve(pty);
      await Deno.writeTextFile(
        path,
        `gateway: GW-0001
dataFolder: data
mqtt: { url: "${broker.url}" }
platform: { url: "${server.url}", tokenFile: token }
buses: [{ name: main, port: ${pty.path}, baudRate: 38400, interval: 1s, meters: [p1, p2, p3] }]
`,
      );
      await using gateway = gatewayProcess(path);
      await until("each meter is delivered", () => new Set(server.readouts.map(({ address }) => address)).size === 3);
      assertEquals(await gateway.stop(), 0, gateway.log());
    }
    await wire;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
