import { assert, assertEquals } from "@std/assert";
import { createLog, type MqttSession, type MqttSessionOptions } from "@mbus-gateway/resource";
import { stayConnected } from "../../gateway/connection.ts";
import { createCounts } from "../../gateway/counts.ts";
import type { Delivery } from "../../gateway/delivery.ts";
import { reconnectPace } from "../../gateway/reconnect_pace.ts";
import { openSpool } from "../../gateway/spool.ts";
import { manualTime } from "../fixtures/manual_time.ts";

const BROKER = "mqtts://broker.example.org:8883";

Deno.test("reconnectPace() begins with short waits, and spreads over a minute those who lost a lasting connection", () => {
  const pace = reconnectPace(BROKER, () => 1);
  assertEquals([1, 2, 3].map(() => pace.next()), [2_000, 4_000, 8_000]);
  pace.reset();
  assertEquals([1, 2, 3, 4, 5].map(() => pace.next()), [64_000, 128_000, 256_000, 300_000, 300_000]);
});

Deno.test("reconnectPace() knows no crowd at a broker on this machine", () => {
  const pace = reconnectPace("mqtt://127.0.0.1:1883", () => 1);
  pace.reset();
  assertEquals([1, 2].map(() => pace.next()), [2_000, 4_000]);
});

/** Stays on its connection until that ends. */
const waits: Delivery = {
  run: (session) => session.closed,
  onConfirmation() {},
  wake() {},
};

Deno.test("a thousand gateways that lose their broker at once come back spread over more than a minute", async () => {
  const folder = await Deno.makeTempDir({ prefix: "mbus_crowd_" });
  {
    using spool = openSpool(`${folder}/spool.db`);
    const time = manualTime();
    const stop = new AbortController();
    let broker = Promise.withResolvers<Error | null>();
    let up = true;
    const firstAttempts = new Map<string, number>();
    const connect = ({ clientId }: MqttSessionOptions): Promise<MqttSession> => {
      if (!up) {
        if (!firstAttempts.has(clientId)) firstAttempts.set(clientId, time.timer.elapsed());
        return Promise.reject(new Error("Cannot connect to broker: nobody listens there"));
      }
      const { promise: closed } = broker;
      return Promise.resolve({
        protocolVersion: 5,
        closed,
        publish: () => Promise.resolve(),
        subscribe: () => Promise.resolve(),
        [Symbol.asyncDispose]: () => Promise.resolve(),
      });
    };
    const gateways = Array.from({ length: 1_000 }, (_, index) =>
      stayConnected({
        config: {
          gateway: `GW-${index}`,
          dataFolder: folder,
          mqtt: { url: BROKER },
          platform: { url: "https://platform.example.org", tokenFile: `${folder}/token`, heartbeatMs: 60_000 },
          connection: "always",
          buses: [],
          radios: [],
          log: { level: "info", format: "text" },
        },
        ...{ spool, connect, delivery: waits, counts: createCounts(), clock: time.clock, timer: time.timer },
        ...{ log: createLog({ write: () => {} }), signal: stop.signal },
      }));
    await time.pass(61_000);
    up = false;
    const lostAt = time.timer.elapsed();
    broker.resolve(new Error("Connection lost"));
    broker = Promise.withResolvers();
    await time.pass(65_000);
    const first = [...firstAttempts.values()].map((at) => at - lostAt);
    assertEquals(first.length, 1_000);
    assert(Math.min(...first) >= 1_000, "somebody came back within a second");
    assert(Math.max(...first) - Math.min(...first) >= 60_000, `they came within ${Math.max(...first)} ms`);
    const inSecond = Map.groupBy(first, (ms) => Math.floor(ms / 1_000));
    const most = Math.max(...inSecond.values().map((each) => each.length));
    // Evenly, 16 come in each second; those whose wait would be shorter come in the first one.
    assert(most < 60, `${most} came in one second`);
    stop.abort();
    await time.pass(1_000);
    await Promise.all(gateways);
  }
  await Deno.remove(folder, { recursive: true });
});
