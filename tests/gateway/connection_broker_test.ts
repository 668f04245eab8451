import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { createLog, mqttSession, type MqttSessionOptions } from "@mbus-gateway/resource";
import { systemClock, systemTimer, type Timer } from "../../gateway/clock.ts";
import { stayConnected } from "../../gateway/connection.ts";
import { createCounts } from "../../gateway/counts.ts";
import { createDelivery } from "../../gateway/delivery.ts";
import { openSpool } from "../../gateway/spool.ts";
import { type KeyPair, testAuthority } from "../fixtures/certificates.ts";
import { needs } from "../fixtures/needs.ts";
import { type PrivateMosquitto, privateMosquitto } from "../fixtures/private_mosquitto.ts";
import { until } from "../fixtures/until.ts";
import { confirmingServer } from "./confirming_server.ts";

const REAL = needs("mosquitto", "openssl");

/** Waits that last a twentieth: the files are looked at each second. */
const hurried: Timer = {
  elapsed: () => systemTimer.elapsed() * 20,
  sleep: (ms, signal) => systemTimer.sleep(ms / 20, signal),
};

/** A gateway's connection to a real broker, over mutual TLS, with something new to send ten times a second. */
async function scene(broker: PrivateMosquitto) {
  await using stack = new AsyncDisposableStack();
  const folder = await Deno.makeTempDir({ prefix: "mbus_connection_" });
  stack.defer(() => Deno.remove(folder, { recursive: true }));
  const spool = stack.use(openSpool(`${folder}/spool.db`));
  const lines: string[] = [];
  const log = createLog({ write: (line) => lines.push(line) });
  const install = async ({ cert, key }: KeyPair) => {
    await Deno.writeTextFile(`${folder}/own.key`, key);
    await Deno.writeTextFile(`${folder}/own.crt`, cert);
  };
  const { ca, ...first } = await broker.client("GW-0001");
  await Deno.writeTextFile(`${folder}/ca.crt`, ca);
  await install(first);

  const counts = createCounts();
  const delivery = createDelivery({ spool, gateway: "GW-0001", counts, log });
  const stood: (string | undefined)[] = [];
  const tried: (string | undefined)[] = [];
  const connect = async (options: MqttSessionOptions) => {
    tried.push(options.cert);
    const session = await mqttSession(options);
    stood.push(options.cert);
    return session;
  };
  const stop = new AbortController();
  const connected = stayConnected({
    config: {
      gateway: "GW-0001",
      dataFolder: folder,
      mqtt: { url: broker.url, ca: `${folder}/ca.crt`, cert: `${folder}/own.crt`, key: `${folder}/own.key` },
      platform: { url: "https://platform.example.org", tokenFile: `${folder}/token`, heartbeatMs: 60_000 },
      connection: "always",
      buses: [],
      radios: [],
      log: { level: "info", format: "text" },
    },
    ...{ spool, delivery, counts, log, connect, clock: systemClock(), timer: hurried, signal: stop.signal },
  });
  let taken = 0;
  const taking = setInterval(() => {
    const readAt = new Date().toISOString();
    spool.put({ bus: "main", address: "p5", readAt, clock: "trusted", frames: [Uint8Array.of(0xe5)] });
    taken += 1;
    delivery.wake();
  }, 100);
  stack.defer(() => clearInterval(taking));
  const owned = stack.move();
  return {
    ...{ folder, first, install, spool, lines, stood, tried },
    /** Takes nothing more, waits until everything is confirmed, and ends. */
    async finish(): Promise<number> {
      clearInterval(taking);
      await until("everything is confirmed", () => spool.status().depth === 0);
      stop.abort();
      await connected;
      return taken;
    },
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await connected;
      await owned.disposeAsync();
    },
  };
}

Deno.test({
  name:
    "stayConnected() uses certificates that were replaced, goes back where the broker refuses them, and loses nothing",
  ...REAL,
  async fn() {
    await using broker = await privateMosquitto();
    await using stranger = await testAuthority();
    await using server = await confirmingServer(broker.url, "GW-0001", await broker.client("mbus-server"));
    await using at = await scene(broker);
    await until("it is connected", () => at.stood.length === 1);

    const renewed = await broker.client("GW-0001");
    await at.install(renewed);
    await until("the renewed one is in use", () => at.stood.at(-1) === renewed.cert);

    // In order by itself, for the same name, and yet of an authority that the broker does not know.
    const foreign = await stranger.client("GW-0001");
    await at.install(foreign);
    await until("the foreign one was tried", () => at.tried.includes(foreign.cert));
    await until("the one before is in use again", () => at.stood.length === 3);
    assertEquals(at.stood, [at.first.cert, renewed.cert, renewed.cert]);
    assertStringIncludes(at.lines.join("\n"), "Cannot use the new files of the broker's connection");
    const attempts = at.tried.length;
    // The files are looked at twice more meanwhile, and what was refused is not tried again on a connection that stands.
    await systemTimer.sleep(2_500, new AbortController().signal);
    assertEquals(at.tried.length, attempts);

    const { length } = at.tried;
    await at.install(await broker.client("GW-0002"));
    const mistaken = "it is for GW-0002, and the one in use for GW-0001";
    await until("another gateway's is refused", () => at.lines.some((line) => line.includes(mistaken)));
    assertEquals(at.tried.length, length);

    const second = await broker.client("GW-0001");
    await at.install(second);
    await until("a good one is taken again", () => at.stood.at(-1) === second.cert);

    const taken = await at.finish();
    assertEquals(new Set(server.readouts.map(({ seq }) => seq)).size, taken);
    // Whoever watches never saw it go: each connection ended in order.
    assertEquals(new Set(server.states.slice(0, -1)), new Set(['{"state":"online"}']));
  },
});

Deno.test({
  name: "stayConnected() finds its way back to a broker that was killed and has forgotten every session and message",
  ...REAL,
  async fn() {
    await using broker = await privateMosquitto();
    const asServer = await broker.client("mbus-server");
    const held = new Set<number>();
    await using at = await scene(broker);
    for (let round = 0; round < 3; round++) {
      await using server = await confirmingServer(broker.url, "GW-0001", asServer);
      await until("a readout is held", () => server.readouts.length > 0);
      if (round === 2) {
        const taken = await at.finish();
        for (const { seq } of server.readouts) held.add(seq);
        assertEquals(held.size, taken);
        continue;
      }
      await broker.kill();
      for (const { seq } of server.readouts) held.add(seq);
      await Deno.remove(`${broker.folder}/mosquitto.db`).catch((error) =>
        assert(error instanceof Deno.errors.NotFound, String(error))
      );
      await broker.restart();
    }
  },
});

/** Until then the broker's certificate is not valid yet: long enough to start on it, short enough to wait for. */
const YOUNG_MS = 5_000;

Deno.test({
  name: "stayConnected() waits for a broker whose certificate is not valid yet, says so, and connects once it is",
  ...REAL,
  async fn() {
    await using broker = await privateMosquitto();
    // As for a gateway whose clock is behind: only that here the time comes to the certificate.
    const from = new Date(Math.ceil((Date.now() + YOUNG_MS) / 1000) * 1000);
    await broker.reissue({ from, to: new Date(from.getTime() + 86_400_000) });
    await broker.restart();
    await using at = await scene(broker);
    const valid = `its certificate is valid from ${
      from.toISOString().replace(".000", "")
    } on, which this machine's clock`;
    const about = () => at.lines.filter((line) => line.includes(valid));
    await until("it is said by name", () => about().length > 0);
    await until("it is tried again", () => at.tried.length >= 2);
    assertEquals(at.stood, [], "nobody is believed before his time");
    await until("it is connected", () => at.stood.length > 0);
    assert(Date.now() >= from.getTime(), "not before its time");
    assertEquals(about().length, 1, "said once, however often it is met");
    assertStringIncludes(at.lines.join("\n"), "The broker is connected again");
    assert(at.spool.status().depth > 0, "what was taken meanwhile is there");
  },
});
