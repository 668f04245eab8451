import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { createLog, type MqttMessage, mqttSession } from "@mbus-gateway/resource";
import { encodeRequest, type GatewayResponse, parseResponse, topic } from "@mbus-gateway/wire";
import { askGateway } from "../../gateway/control/control_client.ts";
import { controlSocketPath } from "../../gateway/control/control_path.ts";
import { RequestError } from "../../gateway/requests/request_error.ts";
import { superviseGateway } from "../../gateway/supervise.ts";
import { freePort } from "../fixtures/free_port.ts";
import { plainBroker } from "../fixtures/plain_broker.ts";
import { until } from "../fixtures/until.ts";
import { simulateBus } from "../simulator/mod.ts";
import { confirmingServer } from "./confirming_server.ts";

Deno.test("superviseGateway() reads meters also where no control socket can be", async () => {
  const top = await Deno.makeTempDir({ prefix: "mbus_supervise_" });
  const dataFolder = `${top}/${"long".repeat(30)}`;
  await Deno.writeTextFile(`${top}/token`, "made-up\n");
  const nowhere = freePort();
  await Deno.writeTextFile(
    `${top}/config.yaml`,
    JSON.stringify({
      gateway: "GW-0001",
      dataFolder,
      mqtt: { url: `mqtt://127.0.0.1:${nowhere}` },
      platform: { url: `http://127.0.0.1:${nowhere}`, tokenFile: `${top}/token` },
      buses: [{ name: "main", port: `tcp://127.0.0.1:${nowhere}`, interval: "15m", meters: ["p1"] }],
    }),
  );
  const lines: string[] = [];
  const log = createLog({ write: (line) => lines.push(line) });
  const stop = new AbortController();
  let began = false;
  const onReady = () => {
    began = true;
    stop.abort();
  };
  await superviseGateway({ path: `${top}/config.yaml`, signal: stop.signal, log, onReady });
  assertEquals(began, true);
  assertStringIncludes(lines.join("\n"), "a socket's path at most 107; choose a shorter dataFolder");
  await Deno.remove(top, { recursive: true });
});

type Written = ReturnType<typeof writtenConfig>;

function writtenConfig(at: { folder: string; broker: string; platform: string; ports: number[] }) {
  return {
    gateway: "GW-0001",
    dataFolder: at.folder,
    mqtt: { url: at.broker },
    platform: { url: at.platform, tokenFile: `${at.folder}/token` },
    connection: "always",
    buses: at.ports.map((port, index) => ({
      ...{ name: ["main", "cellar"][index], port: `tcp://127.0.0.1:${port}`, baudRate: 38_400 },
      ...{ interval: "1s", timeoutMs: 500, retries: 1, meters: ["p1"] },
    })),
    remoteConfiguration: true,
  };
}

/** A gateway with two buses of one meter each, and those who ask it. */
async function twoBuses(
  body: (scene: {
    config: Written;
    written: () => Written;
    brokerUrl: string;
    /** On its own machine. */
    set: (config: Written) => Promise<unknown>;
    /** What is known of the buses' meters, such as `main online`. */
    meters: () => Promise<string>;
    heartbeats: () => string[];
  }) => Promise<void>,
  { trialMs, change = () => {} }: { trialMs: number; change?: (config: Written) => void },
) {
  const folder = await Deno.makeTempDir({ prefix: "mbus_two_" });
  await using broker = await plainBroker();
  await using server = await confirmingServer(broker.url, "GW-0001");
  await using main = simulateBus({ ledger: `${folder}/ledger.main`, meters: 1, baudRate: 38_400 });
  await using cellar = simulateBus({ ledger: `${folder}/ledger.cellar`, meters: 1, baudRate: 38_400 });
  await Deno.writeTextFile(`${folder}/token`, server.token);
  const ports = [main.port, cellar.port];
  const config = writtenConfig({ folder, broker: broker.url, platform: server.url, ports });
  change(config);
  const path = `${folder}/config.yaml`;
  await Deno.writeTextFile(path, JSON.stringify(config));
  const stop = new AbortController();
  const log = createLog({ write: () => {} });
  const running = superviseGateway({ path, signal: stop.signal, log, trialMs });
  const ask = async (verb: string, params = {}) => {
    const answer = await askGateway(controlSocketPath(folder), { verb, params, signal: stop.signal });
    return answer?.result;
  };
  try {
    await body({
      ...{ config, brokerUrl: broker.url },
      written: () => JSON.parse(Deno.readTextFileSync(path)),
      set: (config) => ask("config/set", { config: JSON.stringify(config) }),
      async meters() {
        // Between two runs there is nobody who knows.
        const status = await ask("status").catch(({ code }) => code === "unknown_verb" ? {} : Promise.reject(code));
        const { meters = [] } = (status ?? {}) as { meters?: { bus: string; state: string }[] };
        return meters.map(({ bus, state }) => `${bus} ${state}`).sort().join();
      },
      heartbeats: () => server.heartbeats.map(({ status }) => status),
    });
  } finally {
    stop.abort();
    await running;
    await Deno.remove(folder, { recursive: true });
  }
}

/** The configuration, with other meters on its second bus. */
function cellarWith(config: Written, ...meters: string[]): Written {
  return { ...config, buses: config.buses.map((bus, index) => index === 1 ? { ...bus, meters } : bus) };
}

const BOTH = "cellar online,main online";
/** Longer than anything takes on a busy machine. */
const LONG_MS = 60_000;

Deno.test("superviseGateway() brings the configuration back when config/set breaks one of two buses", () =>
  twoBuses(async ({ config, written, set, meters }) => {
    await until("both are read", async () => await meters() === BOTH);
    const error = await assertRejects(() => set(cellarWith(config, "p200")), RequestError);
    assertEquals(error.code, "reverted");
    assertStringIncludes(error.message, "no meter of bus cellar could be read with it within 2 s");
    assertEquals(written(), config);
    await until("both are read again", async () => await meters() === BOTH);
  }, { trialMs: 2_000 }));

Deno.test("superviseGateway() keeps a configuration although a bus stays silent that was silent before", () =>
  twoBuses(async ({ config, written, set, meters }) => {
    await until("the other is known to be silent", async () => await meters() === "cellar offline,main online");
    const more = cellarWith(config, "p200", "p201");
    assertEquals(await set(more), { applied: true });
    assertEquals(written(), more);
    assertEquals(await set(config), { applied: true }, "and stays so at the next change");
  }, { trialMs: LONG_MS, change: (config) => void config.buses[1]?.meters.splice(0, 1, "p200") }));

const NEW_YEAR = "0 3 1 1 *";

Deno.test("superviseGateway() brings the configuration back when one that connects at times only does not", () =>
  twoBuses(async ({ config, written, set, meters }) => {
    await until("both are read", async () => await meters() === BOTH);
    const lost = { ...config, connection: NEW_YEAR, mqtt: { url: `mqtt://127.0.0.1:${freePort()}` } };
    const error = await assertRejects(() => set(lost), RequestError);
    assertStringIncludes(error.message, "the broker could not be reached");
    assertEquals(written(), config);
  }, { trialMs: 2_000 }));

Deno.test("superviseGateway() has a configuration that connects at times only connect once, as its proof", () =>
  twoBuses(async ({ config, written, meters, heartbeats, brokerUrl }) => {
    await until("both are read", async () => await meters() === BOTH);
    const heard: GatewayResponse[] = [];
    const onMessage = ({ payload }: MqttMessage) => void heard.push(parseResponse(payload));
    await using asker = await mqttSession({ url: brokerUrl, clientId: "support", onMessage });
    await asker.subscribe(`${topic.response("GW-0001", "")}#`);
    const nightly = { ...config, connection: NEW_YEAR };
    // Asked over the broker, it is answered over the connection that proves it.
    await until("it is connected, and answers", async () => {
      const expiresAt = new Date(Date.now() + LONG_MS).toISOString();
      const request = encodeRequest({ id: "c1", expiresAt, params: { config: JSON.stringify(nightly) } });
      await asker.publish(topic.request("GW-0001", "config/set"), request);
      return heard.length > 0;
    });
    assert(heard.every((response) => "ok" in response && response.ok), JSON.stringify(heard));
    assertEquals(written(), nightly);
    await until("it has said that it sent all", () => heartbeats().includes("sent"));
  }, { trialMs: LONG_MS }));
