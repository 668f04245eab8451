import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { decodeTelegram } from "@mbus-gateway/mbus";
import { createLog } from "@mbus-gateway/resource";
import type { GatewayConfig } from "../../gateway/config.ts";
import { runGateway } from "../../gateway/mod.ts";
import { openSpool } from "../../gateway/spool.ts";
import { freePort } from "../fixtures/free_port.ts";
import { plainBroker } from "../fixtures/plain_broker.ts";
import { until } from "../fixtures/until.ts";
import { simulateBus } from "../simulator/mod.ts";
import { confirmingServer } from "./confirming_server.ts";

interface Place {
  broker: string;
  server: { url: string; token: string };
  bus: string;
  folder: string;
  meters?: string[];
}

async function configure({ broker, server, bus, folder, meters = ["p1", "p2", "p3"] }: Place): Promise<GatewayConfig> {
  await Deno.writeTextFile(`${folder}/token`, `${server.token}\n`);
  return {
    gateway: "GW-0001",
    dataFolder: `${folder}/data`,
    mqtt: { url: broker },
    platform: { url: server.url, tokenFile: `${folder}/token`, heartbeatMs: 1_000 },
    connection: "always",
    buses: [{
      name: "main",
      port: bus,
      baudRate: 38_400,
      intervalMs: 1_000,
      timeoutMs: 200,
      retries: 0,
      meters: meters.map((address) => ({ address })),
    }],
    radios: [],
    log: { level: "info", format: "text" },
  };
}

/** A gateway that runs until it is stopped, and what it logged. */
function start(config: GatewayConfig) {
  const stop = new AbortController();
  const lines: string[] = [];
  const log = createLog({ write: (line) => lines.push(line) });
  const done = runGateway(config, { signal: stop.signal, log });
  return {
    lines,
    async stop() {
      stop.abort();
      await done;
    },
    [Symbol.asyncDispose]() {
      stop.abort();
      return done;
    },
  };
}

function depthOf(config: GatewayConfig): number {
  using spool = openSpool(`${config.dataFolder}/spool.db`);
  return spool.status().depth;
}

async function temporaryFolder() {
  const path = await Deno.makeTempDir({ prefix: "mbus_gateway_" });
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}

Deno.test("runGateway() brings what meters answer to a server, and lets go of what that confirms", async () => {
  await using folder = await temporaryFolder();
  await using bus = simulateBus({ ledger: `${folder.path}/ledger`, meters: 3, baudRate: 38_400 });
  await using broker = await plainBroker();
  await using server = await confirmingServer(broker.url, "GW-0001");
  const config = await configure({ broker: broker.url, server, bus: bus.url, folder: folder.path });
  {
    await using gateway = start(config);
    await until("two rounds are delivered", () => server.readouts.length >= 6);
    await until("a heartbeat says so", () => server.heartbeats.some(({ counts }) => counts.held >= 6));
    await gateway.stop();
    assertEquals(gateway.lines.filter((line) => line.includes("warn") || line.includes("error")), []);
  }
  assertEquals(depthOf(config), 0);
  assertEquals(new Set(server.readouts.map(({ address }) => address)), new Set(["p1", "p2", "p3"]));
  for (const { frames, address, bus, clock } of server.readouts) {
    assertEquals([bus, clock], ["main", "trusted"]);
    assertEquals(`p${decodeTelegram(frames[0] ?? new Uint8Array()).address}`, address);
  }
  const last = server.heartbeats.at(-1);
  assertEquals([last?.status, last?.spoolDepth, last?.unconfirmed], ["stopping", 0, null]);
  assertEquals(last?.counts.taken, new Set(server.readouts.map(({ seq }) => seq)).size);
  await until("the farewell has come", () => server.states.at(-1)?.includes("offline") === true);
  assert(server.states.includes('{"state":"online"}'));
});

Deno.test("runGateway() says of a counter that ran backwards that it did, and brings it all the same", async () => {
  await using folder = await temporaryFolder();
  await using bus = simulateBus({ ledger: `${folder.path}/ledger`, meters: 1, baudRate: 38_400 });
  await using broker = await plainBroker();
  await using server = await confirmingServer(broker.url, "GW-0001");
  const config = await configure({ broker: broker.url, server, bus: bus.url, folder: folder.path, meters: ["p1"] });
  await using _gateway = start(config);
  await until("a readout is there", () => server.readouts.length >= 1);
  const counters = bus.meters[0]?.state.counters ?? {};
  for (const name of Object.keys(counters)) counters[name] = (counters[name] ?? 0) / 2;
  await until("one is flagged", () => server.readouts.some(({ flags }) => flags?.includes("implausible_jump")));
  assertEquals(server.readouts[0]?.flags, undefined);
});

Deno.test("runGateway() reads on while the broker is away, and delivers when it comes", async () => {
  await using folder = await temporaryFolder();
  await using bus = simulateBus({ ledger: `${folder.path}/ledger`, meters: 3, baudRate: 38_400 });
  await using broker = await plainBroker();
  await using server = await confirmingServer(broker.url, "GW-0001");
  const nobody = `mqtt://127.0.0.1:${freePort()}`;
  const away = await configure({ broker: nobody, server, bus: bus.url, folder: folder.path });
  {
    await using gateway = start(away);
    await until("a round is kept", () => server.heartbeats.some(({ spoolDepth }) => spoolDepth >= 3));
    await until("the broker is missed", () => gateway.lines.some((line) => line.includes("nobody listens there")));
  }
  const kept = depthOf(away);
  assert(kept >= 3);
  {
    await using _gateway = start({ ...away, mqtt: { url: broker.url } });
    await until("all is delivered", () => new Set(server.readouts.map(({ seq }) => seq)).size >= kept);
  }
  assertEquals(depthOf(away), 0);
});

Deno.test("runGateway() says once that a meter, and a whole bus, is missing, and reads the others", async () => {
  await using folder = await temporaryFolder();
  await using bus = simulateBus({ ledger: `${folder.path}/ledger`, meters: 2, baudRate: 38_400 });
  await using broker = await plainBroker();
  await using server = await confirmingServer(broker.url, "GW-0001");
  const config = await configure({
    broker: broker.url,
    server,
    bus: bus.url,
    folder: folder.path,
    meters: ["p9", "p1", "p2"],
  });
  const [main] = config.buses;
  assert(main !== undefined);
  config.buses.push({ ...main, name: "cellar", port: `tcp://127.0.0.1:${freePort()}` });
  await using gateway = start(config);
  await until("three rounds are delivered", () => server.readouts.length >= 6);
  await until("the missing bus was tried again", () => gateway.lines.some((line) => line.includes("bus=cellar")));
  await gateway.stop();
  const about = (text: string) => gateway.lines.filter((line) => line.includes(text));
  assertEquals(about("meter=p9").length, 1);
  assertStringIncludes(about("meter=p9")[0] ?? "", "Cannot read meter p9");
  assertEquals(about("bus=cellar").length, 1);
  assertStringIncludes(about("bus=cellar")[0] ?? "", "Cannot open tcp://127.0.0.1");
  assertEquals(new Set(server.readouts.map(({ address }) => address)), new Set(["p1", "p2"]));
  const failed = server.heartbeats.at(-1)?.counts.failed ?? 0;
  assert(failed >= 2, `${failed} failures are counted`);
});
