import { httpClient, type Log } from "@mbus-gateway/resource";
import { availabilityBoard } from "./availability.ts";
import { busDesk } from "./bus_desk.ts";
import { type Clock, systemClock, systemTimer, type Timer } from "./clock.ts";
import type { GatewayConfig } from "./config.ts";
import { type ConnectionOptions, sendAtTimes, stayConnected } from "./connection.ts";
import { createCounts } from "./counts.ts";
import { platformAuthorities, platformIdentity } from "./credentials.ts";
import { createRadioDesk } from "./radio/radio_desk.ts";
import { radioLoop, type RadioLoopOptions } from "./radio/radio_loop.ts";
import { createDelivery } from "./delivery.ts";
import { type HeartbeatOptions, heartbeats, sendHeartbeat } from "./heartbeat.ts";
import { readoutLoop, type ReadoutLoopOptions } from "./readout_loop.ts";
import { openSpool, type Spool } from "./spool.ts";
import { spoolCare } from "./spool_care.ts";
import { timeLimit } from "./time_limit.ts";
import { together } from "./together.ts";

export interface RunGatewayOptions {
  /** Stops the gateway in order. */
  signal: AbortSignal;
  log: Log;
  clock?: Clock;
  timer?: Timer;
  /** Called when the reading begins. */
  onReady?: () => void;
  open?: ReadoutLoopOptions["open"];
  openReceiver?: RadioLoopOptions["open"];
  connect?: ConnectionOptions["connect"];
}

/** How long a stop may wait for the meter that is being read and for what can still be delivered. */
const FINISH_MS = 3_000;
/** How often a stop looks whether everything is delivered. */
const LOOK_MS = 20;
/** How long the last heartbeat may take. */
const LAST_WORD_MS = 2_000;

/**
 * The gateway: reads its meters, keeps every readout, delivers it until a server has confirmed it.
 *
 * When `signal` aborts, it finishes the meter that is being read, delivers what can be delivered at once, says in a last
 * heartbeat that it stops, and returns. What was not confirmed is in the spool.
 *
 * @throws {ConfigurationError} for what can never work, {@linkcode Deno.errors.NotCapable} for a missing permission; a
 * meter, a line, a broker or a server that fails is waited for instead.
 */
export async function runGateway(config: GatewayConfig, options: RunGatewayOptions): Promise<void> {
  const { signal, log, clock = systemClock(), timer = systemTimer, onReady = () => {} } = options;
  const { gateway, buses, radios, connection } = config;
  const counts = createCounts();
  const { stations } = createRadioDesk(radios);

  await Deno.mkdir(config.dataFolder, { recursive: true, mode: 0o700 });
  using spool = openSpool(`${config.dataFolder}/spool.db`, {
    log,
    counts,
    clock,
    timer,
    maxBytes: config.spool?.maxBytes,
  });
  const caCerts = await platformAuthorities(config.platform);
  const createHttp = () => httpClient({ caCerts });
  await using http = createHttp();
  const limits = config.spool && { backlogPerMinute: config.spool.drainPerMinute };
  const delivery = createDelivery({ spool, gateway, counts, clock, timer, log, limits });

  const shared = { ...options, config, gateway, spool, delivery, counts, clock, timer, log };
  const beat = { ...shared, http, platform: platformIdentity(config.platform) };
  const link = { connected: false };
  const onConnected = (connected: boolean) => void (link.connected = connected);
  const sending = new AbortController();
  const board = availabilityBoard();
  const desk = busDesk(buses.map(({ name }) => name), timer);

  const read = async (failed: AbortSignal) => {
    const stop = AbortSignal.any([signal, failed]);
    using finish = timeLimit(FINISH_MS, timer, { from: stop });
    const loop = { ...shared, board, abort: finish.signal, onTaken: () => delivery.wake() };
    const wired = buses.map((bus) => (stop: AbortSignal) =>
      readoutLoop({ ...loop, bus, counter: desk.counter(bus.name), stop })
    );
    const wireless = stations.map((station) => (stop: AbortSignal) =>
      radioLoop({ ...loop, station, stop, open: options.openReceiver })
    );
    await together(stop, [...wired, ...wireless]);
    await emptied(spool, link, timer, finish.signal);
    sending.abort();
  };
  const deliver = (failed: AbortSignal) => {
    const stop = AbortSignal.any([sending.signal, failed]);
    return connection === "always"
      ? stayConnected({ ...shared, signal: stop, onConnected })
      : sendAtTimes({ ...shared, signal: stop, cron: connection.cron, http: createHttp });
  };
  const report = async (failed: AbortSignal) => {
    if (connection !== "always") return; // each send has a heartbeat of its own
    const stop = AbortSignal.any([sending.signal, failed]);
    await heartbeats({ ...beat, signal: stop, intervalMs: config.platform.heartbeatMs });
  };

  const care = (failed: AbortSignal) => {
    const stop = AbortSignal.any([signal, failed]);
    return spoolCare({ ...shared, signal: stop, onDone: () => delivery.wake() });
  };

  onReady();
  await together(new AbortController().signal, [read, deliver, report, care]);
  if (connection === "always") await lastWord(beat);
}

/** Waits until nothing is left to deliver, as long as there is a connection to deliver over. */
async function emptied(spool: Spool, link: { connected: boolean }, timer: Timer, limit: AbortSignal) {
  while (link.connected && !limit.aborted && spool.status().depth > 0) {
    try {
      await timer.sleep(LOOK_MS, limit);
    } catch (thrown) {
      if (!limit.aborted) throw thrown;
    }
  }
}

async function lastWord(beat: Omit<HeartbeatOptions, "signal"> & { timer: Timer; log: Log }) {
  using limit = timeLimit(LAST_WORD_MS, beat.timer);
  try {
    await sendHeartbeat({ ...beat, signal: limit.signal }, "stopping");
  } catch (error) {
    beat.log.info("The server did not hear that the gateway stops", { error });
  }
}
