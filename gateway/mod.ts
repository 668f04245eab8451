import { httpClient, type Log } from "@mbus-gateway/resource";
import { availabilityBoard } from "./availability.ts";
import { beatingLine } from "./beating_line.ts";
import { busDesk } from "./bus_desk.ts";
import type { BusWitness } from "./bus_witness.ts";
import { type Clock, systemClock, systemTimer, type Timer } from "./clock.ts";
import type { GatewayConfig } from "./config.ts";
import { type ConnectionOptions, sendAtTimes, stayConnected } from "./connection.ts";
import { createCounts } from "./counts.ts";
import { platformAuthorities, platformIdentity } from "./credentials.ts";
import { createRadioDesk } from "./radio/radio_desk.ts";
import { radioLoop, type RadioLoopOptions } from "./radio/radio_loop.ts";
import type { RadioStatus } from "./radio/radio_status.ts";
import { createDelivery } from "./delivery.ts";
import { type HeartbeatOptions, heartbeats, sendHeartbeat } from "./heartbeat.ts";
import type { HouseOptions } from "./home_assistant/mod.ts";
import { heardBy } from "./home_assistant/heard_by.ts";
import { claimedLines } from "./line_claim.ts";
import { createLink } from "./link.ts";
import { type Figures, figuresOf } from "./metrics/figures.ts";
import { healthGuest } from "./metrics/health.ts";
import { plausibility } from "./plausibility.ts";
import { beatingTimer } from "./pulse.ts";
import { pulseWatch } from "./pulse_watch.ts";
import { readoutLoop, type ReadoutLoopOptions } from "./readout_loop.ts";
import { busHandlers } from "./requests/bus_handlers.ts";
import type { MqttRequests } from "./requests/mqtt_requests.ts";
import { radioHandlers } from "./requests/radio_handlers.ts";
import type { Requests } from "./requests/requests.ts";
import { statusHandler } from "./requests/status_handler.ts";
import type { ServiceManager } from "./service_manager.ts";
import { openSpool, type Spool } from "./spool.ts";
import { spoolCare } from "./spool_care.ts";
import { statusLine } from "./status_line.ts";
import { timeLimit } from "./time_limit.ts";
import { together } from "./together.ts";
import { openTransport } from "./transport.ts";
import { watchdog } from "./watchdog.ts";

export interface RunGatewayOptions {
  /** Stops the gateway in order. */
  signal: AbortSignal;
  log: Log;
  clock?: Clock;
  timer?: Timer;
  /** Called when the reading begins. */
  onReady?: () => void;
  /** Who is told how the gateway does, and starts it again when it hangs. */
  manager?: ServiceManager | null;
  /** Called once the spool is open: from then on this is the one gateway of its folder. */
  onOpened?: () => Promise<void>;
  onConnected?: () => void;
  /** Is told how the buses do. */
  witness?: BusWitness;
  /** Whether every meter on a wire is read once at the beginning, whatever its schedule says. */
  readAtOnce?: boolean;
  /** Whether the broker is connected at the beginning, whatever a `connection` at times says. */
  connectAtOnce?: boolean;
  /** Is offered what can be asked of this run. */
  requests?: Pick<Requests, "offer">;
  /** Brings what is asked over the broker. */
  mqttRequests?: MqttRequests;
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
/** A part that is not heard of for so long hangs: the longest question to a meter takes half of it. */
const HANGS_MS = 120_000;
/** How often a part that waits shows that it lives. */
const BEAT_MS = 10_000;

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
  const { signal, log, clock = systemClock(), timer = systemTimer, onReady = () => {}, manager = null } = options;
  const { gateway, buses, radios, connection } = config;
  const counts = createCounts();
  const air = createRadioDesk(radios);

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
  const watch = pulseWatch(timer);
  const beatingTimerOf = (part: string) => beatingTimer(timer, () => watch.beat(part), BEAT_MS);
  const limits = config.spool && { backlogPerMinute: config.spool.drainPerMinute };
  const delivery = createDelivery({ spool, gateway, counts, clock, timer: beatingTimerOf("delivery"), log, limits });

  const shared = { ...options, config, gateway, spool, delivery, counts, clock, timer, log };
  const beat = { ...shared, http, platform: platformIdentity(config.platform) };
  const link = createLink();
  const onConnected = (connected: boolean) => {
    link.onConnected(connected);
    if (connected) options.onConnected?.();
  };
  const sending = new AbortController();
  const { witness } = options;
  const board = witness?.board ?? availabilityBoard();
  using lines = claimedLines(config.dataFolder, options.open ?? openTransport);
  const desk = busDesk(buses.map(({ name }) => name), timer);
  const startedAt = timer.elapsed();
  const figures = () => figuresOf({ gateway, counts, spool, board, link, clock, timer, startedAt });
  await using _metrics = config.metrics && await openMetrics(config.metrics, figures);
  using house = config.homeAssistant && await tellHouse({ config, board, timer, log });
  const health = healthGuest({ figures, intervalMs: config.platform.heartbeatMs, timer, log });
  const guests = house === undefined ? [health] : [health, house];
  const kept = house === undefined ? spool : heardBy(house, spool);
  const onTaken = () => delivery.wake();
  using _bus = options.requests?.offer(busHandlers({ desk, buses, clock }));
  using _air = options.requests?.offer(radioHandlers(air.desk));
  using _status = options.requests?.offer(statusHandler({ config, spool, counts, board, air: air.desk, clock, link }));
  await options.onOpened?.();

  const read = async (failed: AbortSignal) => {
    const stop = AbortSignal.any([signal, failed]);
    using finish = timeLimit(FINISH_MS, timer, { from: stop });
    const loop = {
      ...shared,
      spool: kept,
      board,
      abort: finish.signal,
      onTaken,
      pulse: watch,
      atOnce: options.readAtOnce,
    };
    const wired = buses.map((bus) => async (stop: AbortSignal) => {
      using _ = watch.expect(`bus ${bus.name}`, HANGS_MS);
      const open = beatingLine(lines.open, () => watch.beat(`bus ${bus.name}`));
      const { flagsOf } = plausibility(); // two buses may have meters of the same primary address
      const onTaken = () => {
        loop.onTaken();
        witness?.taken(bus.name);
      };
      await readoutLoop({ ...loop, bus, counter: desk.counter(bus.name), stop, open, flagsOf, onTaken });
    });
    const wireless = air.stations.map((station) => async (stop: AbortSignal) => {
      using _ = watch.expect(`bus ${station.radio.name}`, HANGS_MS);
      const onState = (state: RadioStatus["state"]) => witness?.receiver(station.radio.name, state);
      await radioLoop({ ...loop, station, stop, open: options.openReceiver, onState });
    });
    await together(stop, [...wired, ...wireless]);
    await emptied(spool, link, timer, finish.signal);
    sending.abort();
  };
  const deliver = async (failed: AbortSignal) => {
    const sender = { ...shared, timer: beatingTimerOf("delivery"), signal: AbortSignal.any([sending.signal, failed]) };
    using _ = watch.expect("delivery", HANGS_MS);
    if (connection === "always") await stayConnected({ ...sender, onConnected, guests });
    else {
      const { connectAtOnce: atOnce } = options;
      await sendAtTimes({ ...sender, cron: connection.cron, atOnce, http: createHttp, onConnected });
    }
  };
  const report = async (failed: AbortSignal) => {
    if (connection !== "always") return; // each send has a heartbeat of its own
    const stop = AbortSignal.any([sending.signal, failed]);
    using _ = watch.expect("heartbeat", HANGS_MS);
    await heartbeats({
      ...beat,
      timer: beatingTimerOf("heartbeat"),
      signal: stop,
      intervalMs: config.platform.heartbeatMs,
    });
  };
  const status = () => statusLine({ buses, board, depth: spool.status().depth, connected: link.connected });
  const beWatched = async (failed: AbortSignal) => {
    const stop = AbortSignal.any([sending.signal, failed]);
    await watchdog({ manager, watch, roundTrip: () => spool.status(), status, timer, log, signal: stop });
  };

  const care = (failed: AbortSignal) => {
    const stop = AbortSignal.any([signal, failed]);
    return spoolCare({ ...shared, signal: stop, onDone: () => delivery.wake() });
  };

  onReady();
  await manager?.ready(status());
  await together(new AbortController().signal, [read, deliver, report, care, beWatched]);
  if (connection === "always") await lastWord(beat);
}

/** Loaded only where Home Assistant is told: the server decodes for itself. */
async function tellHouse(options: HouseOptions) {
  const { houseOf } = await import("./home_assistant/mod.ts");
  return await houseOf(options);
}

/** Loaded only where somebody asks for metrics. */
async function openMetrics(metrics: NonNullable<GatewayConfig["metrics"]>, figures: () => Figures) {
  const { metricsServer } = await import("./metrics/metrics_server.ts");
  return metricsServer({ ...metrics, figures });
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
