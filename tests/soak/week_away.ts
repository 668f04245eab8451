import { crc32 } from "node:zlib";
import { createLog, type MqttSession, mqttSession, type MqttSessionOptions } from "@mbus-gateway/resource";
import { parseConfirmation, topic } from "@mbus-gateway/wire";
import { BusWitness } from "../../gateway/bus_witness.ts";
import type { GatewayConfig } from "../../gateway/config.ts";
import { runGateway } from "../../gateway/mod.ts";
import { stableJitterMs } from "../../gateway/schedule.ts";
import { inspectSpool } from "../../gateway/spool_view.ts";
import { privateMosquitto } from "../fixtures/private_mosquitto.ts";
import { skippingTime } from "../fixtures/skipping_time.ts";
import { Segment, simulatedMeters } from "../simulator/mod.ts";
import { noLedger, virtualLine } from "../simulator/virtual_line.ts";
import type { FarHolderReport, FarHolderWord } from "./far_holder.ts";
import { lateness } from "./lateness.ts";

export interface WeekAwayOptions {
  days: number;
  meters: number;
  /** How often each meter is read. */
  intervalMs?: number;
  /** Called after each readout: what keeps the program busy here must show as lateness. */
  hinder?: () => unknown;
}

export interface WeekAway {
  taken: number;
  /** Readouts that the server holds in the end, and how many came more than once. */
  held: number;
  twice: number;
  /** Telegrams that meters sent and that the server does not hold, or the other way round. */
  altered: number;
  left: number;
  rounds: number;
  /** By how much the gateway put off a single request, and all of a round together, in milliseconds. */
  longestLateMs: number;
  roundLateMs: number;
  /** The longest from a reading to its sending while the backlog drained, and how long that took. */
  liveSeconds: number;
  drainSeconds: number;
  /** Attempts to connect while the broker was away. */
  attempts: number;
  /**
   * The program's memory after the first hour of the outage, after each day of it, and after the draining: what is in
   * use after a collection, and what it has of the system (with the simulator, the server's thread and V8's reserves).
   */
  heapBytes: number[];
  residentBytes: number[];
  /** What the gateway said that is more than a note, once each. */
  said: string[];
}

const HOUR = 3_600_000;
const BAUD_RATE = 2_400;
const GATEWAY = "GW-0001";

/**
 * A gateway reads a full bus while its broker is away for days, then the broker is back. Time is skipped while nothing
 * is to be done; whatever the gateway does takes as long as it takes, and makes its meters late by as much.
 */
export async function weekAway(options: WeekAwayOptions): Promise<WeekAway> {
  const { days, meters, intervalMs = 900_000, hinder = () => {} } = options;
  const folder = await Deno.makeTempDir({ prefix: "mbus_week_away_" });
  try {
    await using broker = await privateMosquitto({ tls: false });
    using holder = farHolder();
    await holder.ask({ type: "serve", broker: broker.url });
    const { url } = await holder.ask({ type: "listening" });
    const network = watchedNetwork();
    const { clock, timer, pass } = skippingTime({ isUnderWay: () => network.isUnderWay() });
    const passed = (ms: number) => {
      const end = timer.elapsed() + ms;
      return pass(() => failure !== null || timer.elapsed() >= end);
    };

    const sums: number[] = [];
    const segment = new Segment(simulatedMeters(meters, { now: clock.now().getTime() }), {
      ledger: noLedger(),
      now: () => clock.now().getTime(),
    });
    const handle: Segment["handle"] = (request, baudRate) => {
      const replies = segment.handle(request, baudRate);
      for (const { telegram, bytes } of replies) if (telegram !== undefined) sums.push(crc32(bytes));
      return replies;
    };
    const begin = timer.elapsed();
    const jitterMs = stableJitterMs(GATEWAY, "main", intervalMs);
    const slotOf = (round: number) => round === 0 ? begin : begin + jitterMs + round * intervalMs;
    const late = lateness(slotOf, BAUD_RATE);
    const line = virtualLine({ handle }, { timer, chunkBytes: 16, baudRate: BAUD_RATE, onRequest: late.onRequest });

    const said = new Set<string>();
    let taken = 0;
    let failure: { thrown: unknown } | null = null;
    let ended = false;
    const stop = new AbortController();
    const config = await configuration({ folder, url, broker: broker.url, intervalMs, meters });
    const running = runGateway(config, {
      signal: stop.signal,
      log: createLog({ level: "warn", write: (line) => said.add(line.slice(line.indexOf("warn"))) }),
      clock,
      timer,
      open: () => Promise.resolve(line),
      connect: network.connect,
      onConnected: () => holder.tell({ type: "live", fromMs: clock.now().getTime() }),
      witness: new BusWitness(config, [], () => {
        taken++;
        hinder();
      }),
    }).then(() => ended = true, (thrown) => failure = { thrown });

    await passed(HOUR);
    await holder.ask({ type: "reachable", reachable: false });
    await broker.kill();
    const attemptsBefore = network.attempts;
    await passed(HOUR);
    const memory = [memoryUsage()];
    for (let left = days * 24 * HOUR - HOUR; left > 0; left -= 24 * HOUR) {
      await passed(Math.min(24 * HOUR, left));
      memory.push(memoryUsage());
    }
    const attempts = network.attempts - attemptsBefore;
    await broker.restart();
    await holder.ask({ type: "reachable", reachable: true });
    await holder.ask({ type: "listening" });
    await pass(() => failure !== null || network.confirmed > 0 && network.attempts > attemptsBefore + attempts);
    const backAt = timer.elapsed();
    while (failure === null && network.confirmed < taken && timer.elapsed() - backAt < 24 * HOUR) await passed(10_000);
    const drainSeconds = Math.round((timer.elapsed() - backAt) / 1000);
    await passed(HOUR);
    // To the end of a round, so that they can be counted.
    const atLast = timer.elapsed() + intervalMs;
    await pass(() => failure !== null || taken === meters * late.rounds || timer.elapsed() >= atLast);
    memory.push(memoryUsage());
    stop.abort();
    await pass(() => ended || failure !== null);
    await running;
    if (failure !== null) throw (failure as { thrown: unknown }).thrown;

    const report = await holder.ask({ type: "report" });
    using spool = inspectSpool(`${config.dataFolder}/spool.db`);
    return {
      taken,
      held: report.held,
      twice: report.twice,
      altered: differences(sums, report.sums),
      left: spool.status().depth,
      rounds: late.rounds,
      longestLateMs: late.longestMs,
      roundLateMs: late.roundMs,
      liveSeconds: report.liveMs / 1000,
      drainSeconds,
      attempts,
      heapBytes: memory.map(({ heapUsed }) => heapUsed),
      residentBytes: memory.map(({ rss }) => rss),
      said: [...said],
    };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function configuration(
  { folder, url, broker, intervalMs, meters }: {
    folder: string;
    url: string;
    broker: string;
    intervalMs: number;
    meters: number;
  },
): Promise<GatewayConfig> {
  const tokenFile = `${folder}/token`;
  await Deno.writeTextFile(tokenFile, "made-up\n");
  return {
    gateway: GATEWAY,
    dataFolder: `${folder}/data`,
    mqtt: { url: broker },
    platform: { url, tokenFile, heartbeatMs: 60_000 },
    connection: "always",
    buses: [{
      name: "main",
      port: "tcp://127.0.0.1:1",
      baudRate: BAUD_RATE,
      intervalMs,
      meters: Array.from({ length: meters }, (_, index) => ({ address: `p${index + 1}` })),
    }],
    radios: [],
    log: { level: "warn", format: "text" },
  };
}

/** Real connections, and whether something of them is on its way, so that no time may be skipped. */
function watchedNetwork() {
  let underWay = 0;
  /** Messages of readings that wait for their confirmation, on the connection that stands. */
  let unconfirmed = 0;
  const found = { attempts: 0, confirmed: 0 };
  const watched = async <T>(body: () => Promise<T>): Promise<T> => {
    underWay++;
    try {
      return await body();
    } finally {
      underWay--;
    }
  };
  return {
    isUnderWay: () => underWay + unconfirmed > 0,
    get attempts() {
      return found.attempts;
    },
    /** Readouts confirmed over the broker. */
    get confirmed() {
      return found.confirmed;
    },
    async connect(options: MqttSessionOptions): Promise<MqttSession> {
      found.attempts++;
      unconfirmed = 0;
      const session = await watched(() =>
        mqttSession({
          ...options,
          onMessage(message) {
            options.onMessage?.(message);
            if (message.topic !== topic.confirm(GATEWAY)) return;
            unconfirmed = Math.max(0, unconfirmed - 1);
            const { held } = parseConfirmation(message.payload);
            found.confirmed += held.reduce((sum, [first, last]) => sum + last - first + 1, 0);
          },
        })
      );
      session.closed.then(() => unconfirmed = 0);
      return {
        protocolVersion: session.protocolVersion,
        closed: session.closed,
        subscribe: (...parameters) => watched(() => session.subscribe(...parameters)),
        publish(name, ...parameters) {
          if (name === topic.data(GATEWAY)) unconfirmed++;
          return watched(() => session.publish(name, ...parameters));
        },
        [Symbol.asyncDispose]: () => session[Symbol.asyncDispose](),
      };
    },
  };
}

/** The server, in its thread. */
function farHolder() {
  const thread = new Worker(new URL("./far_holder.ts", import.meta.url).href, { type: "module" });
  const waiting: ((report: FarHolderReport) => void)[] = [];
  thread.onmessage = ({ data }) => waiting.shift()?.(data);
  const ask = (word: FarHolderWord): Promise<FarHolderReport> =>
    new Promise((resolve) => {
      waiting.push(resolve);
      thread.postMessage(word);
    });
  return { ask, tell: (word: FarHolderWord) => void ask(word), [Symbol.dispose]: () => thread.terminate() };
}

/** How many numbers are in one of the two and not in the other, each as often as it is there. */
function differences(a: Iterable<number>, b: Iterable<number>): number {
  const counts = new Map<number, number>();
  for (const number of a) counts.set(number, (counts.get(number) ?? 0) + 1);
  for (const number of b) counts.set(number, (counts.get(number) ?? 0) - 1);
  return [...counts.values()].reduce((sum, count) => sum + Math.abs(count), 0);
}

/** After a collection, where the program was started with the right to ask for one. */
function memoryUsage(): Deno.MemoryUsage {
  (globalThis as { gc?: () => void }).gc?.();
  return Deno.memoryUsage();
}
