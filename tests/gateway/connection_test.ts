import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { createLog, fullJitterBackoff, httpClient, type MqttSessionOptions } from "@mbus-gateway/resource";
import type { GatewayConfig } from "../../gateway/config.ts";
import { type ConnectionOptions, sendAtTimes, stayConnected } from "../../gateway/connection.ts";
import { createCounts } from "../../gateway/counts.ts";
import { createDelivery } from "../../gateway/delivery.ts";
import { openSpool, type TakenReadout } from "../../gateway/spool.ts";
import { manualTime } from "../fixtures/manual_time.ts";
import { plainBroker } from "../fixtures/plain_broker.ts";
import { until } from "../fixtures/until.ts";
import { confirmingServer } from "./confirming_server.ts";
import { ScriptedBroker } from "./scripted_broker.ts";

const READOUT: TakenReadout = {
  bus: "main",
  address: "p5",
  readAt: "2026-01-31T11:59:58.123Z",
  clock: "trusted",
  frames: [Uint8Array.of(0xe5)],
};

/** Everything that a connection needs, with time by hand; the connections themselves are the test's. */
async function scene(body: (scene: Awaited<ReturnType<typeof build>>) => Promise<void>) {
  const folder = await Deno.makeTempDir({ prefix: "mbus_connection_" });
  try {
    using spool = openSpool(`${folder}/spool.db`);
    await body(await build(folder, spool));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function build(folder: string, spool: ReturnType<typeof openSpool>) {
  for (const name of ["ca", "cert", "key", "token"]) await Deno.writeTextFile(`${folder}/${name}`, `${name} one\n`);
  const config: GatewayConfig = {
    gateway: "GW-0001",
    dataFolder: folder,
    mqtt: {
      url: "mqtts://broker.example.org",
      ca: `${folder}/ca`,
      cert: `${folder}/cert`,
      key: `${folder}/key`,
      username: "GW-0001",
      passwordFile: `${folder}/token`,
    },
    platform: { url: "https://platform.example.org", tokenFile: `${folder}/token`, heartbeatMs: 60_000 },
    connection: "always",
    buses: [],
    radios: [],
    log: { level: "info", format: "text" },
  };
  const time = manualTime();
  const counts = createCounts();
  const lines: string[] = [];
  const log = createLog({ write: (line) => lines.push(line) });
  const { clock, timer } = time;
  const stop = new AbortController();
  const delivery = createDelivery({ spool, gateway: "GW-0001", counts, clock, timer, log });
  // The most that full jitter can wait.
  const backoff = fullJitterBackoff({ baseMs: 2_000, maxMs: 300_000, random: () => 1 });
  const options: ConnectionOptions = {
    config,
    spool,
    delivery,
    counts,
    clock,
    timer,
    log,
    signal: stop.signal,
    backoff,
    check: () => {}, // the files of these tests are words; those of broker_identity_test.ts are certificates
  };
  return { folder, config, spool, time, lines, stop, options };
}

/** Without files to read, nothing but time by hand lies between two attempts. */
const WITHOUT_FILES = { url: "mqtt://127.0.0.1" };

Deno.test("stayConnected() waits longer after each failure, up to 300 s, and says each reason once", () =>
  scene(async ({ config, time, lines, stop, options }) => {
    config.mqtt = WITHOUT_FILES;
    const attempts: number[] = [];
    const connect = () => {
      attempts.push(time.timer.elapsed() / 1000);
      return Promise.reject(new Error("Cannot connect to broker: nobody listens there"));
    };
    const done = stayConnected({ ...options, connect });
    await time.pass(1_200_000);
    stop.abort();
    await done;
    const waits = attempts.slice(1).map((at, index) => at - (attempts[index] ?? 0));
    assertEquals(waits, [2, 4, 8, 16, 32, 64, 128, 256, 300, 300]);
    assertEquals(lines.length, 1);
    assertStringIncludes(lines[0] ?? "", "nobody listens there");
  }));

Deno.test("stayConnected() starts its waits anew only after a connection that lasted", () =>
  scene(async ({ config, time, stop, options }) => {
    config.mqtt = WITHOUT_FILES;
    const broker = new ScriptedBroker();
    let connectedAt = 0;
    const connect = () => {
      connectedAt = time.timer.elapsed();
      return Promise.resolve(broker.connect());
    };
    const done = stayConnected({ ...options, connect });
    const waits: number[] = [];
    for (const lastsMs of [1_000, 1_000, 59_000, 61_000, 1_000]) {
      await time.pass(lastsMs);
      broker.close(new Error("Connection lost"));
      const lostAt = time.timer.elapsed();
      // Until the next connection and not further: the longest wait here is 16 s.
      while (connectedAt < lostAt && time.timer.elapsed() < lostAt + 17_000) await time.pass(1_000);
      waits.push((connectedAt - lostAt) / 1_000);
    }
    stop.abort();
    await time.pass(5_000);
    await done;
    assertEquals(waits, [2, 4, 8, 2, 4]);
  }));

Deno.test("stayConnected() reads its certificates and its password anew for each connection", () =>
  scene(async ({ folder, time, lines, stop, options }) => {
    const seen: MqttSessionOptions[] = [];
    const connect = (given: MqttSessionOptions) => {
      seen.push(given);
      return Promise.reject(new Error("Cannot connect to broker"));
    };
    const done = stayConnected({ ...options, connect });
    await until("it is tried", () => seen.length === 1);
    await Deno.writeTextFile(`${folder}/cert`, "cert two\n");
    await time.pass(2_000);
    await until("it is tried again", () => seen.length === 2);
    await Deno.remove(`${folder}/key`);
    await time.pass(4_000);
    await until("the missing key is named", () => lines.some((line) => line.includes(`mqtt.key ${folder}/key`)));
    await until("it goes on with the one before", () => seen.length === 3);
    stop.abort();
    await done;
    assertEquals(seen.map(({ cert }) => cert), ["cert one\n", "cert two\n", "cert two\n"]);
    const [{ clientId, username, password, will } = {} as MqttSessionOptions] = seen;
    assertEquals([clientId, username, password], ["GW-0001", "GW-0001", "token one"]);
    assertEquals(will, { topic: "gateways/GW-0001/state", payload: '{"state":"offline"}', qos: 1, retain: true });
  }));

Deno.test("stayConnected() ends when a permission is missing: waiting will not bring it", () =>
  scene(async ({ options }) => {
    const connect = () => Promise.reject(new Deno.errors.NotCapable("Requires net access"));
    await assertRejects(() => stayConnected({ ...options, connect }), Deno.errors.NotCapable);
  }));

Deno.test("sendAtTimes() connects at the times of the expression only, and sends what has gathered", () =>
  scene(async ({ config, spool, time, lines, stop, options }) => {
    await using broker = await plainBroker();
    await using server = await confirmingServer(broker.url, "GW-0001");
    await Deno.writeTextFile(config.platform.tokenFile, server.token);
    config.mqtt = { url: broker.url };
    config.platform.url = server.url;
    spool.put(READOUT, READOUT);
    const done = sendAtTimes({ ...options, cron: "0 3 * * *", http: () => httpClient() });
    await time.pass(14 * 3_600_000 + 59 * 60_000);
    assertEquals(server.readouts, []);
    // From here the network sets the pace: time goes on while it does.
    await until("it is sent", async () => {
      await time.pass(10_000);
      return lines.some((line) => line.includes("What had gathered is sent"));
    });
    assertEquals(spool.status().depth, 0);
    assertEquals(server.heartbeats.map(({ status }) => status), ["sent"]);
    stop.abort();
    await done;
  }));

Deno.test("sendAtTimes() tries a send that failed again, a few times", () =>
  scene(async ({ config, time, lines, stop, options }) => {
    config.mqtt = WITHOUT_FILES;
    let attempts = 0;
    const connect = () => {
      attempts++;
      return Promise.reject(new Error("Cannot connect to broker"));
    };
    const done = sendAtTimes({ ...options, connect, cron: "0 3 * * *", http: () => httpClient() });
    await time.pass(14 * 3_600_000);
    assertEquals(attempts, 0);
    await time.pass(4 * 3_600_000);
    assertEquals(attempts, 5);
    assertEquals(lines.length, 5);
    stop.abort();
    await done;
  }));
