import { deadline } from "@std/async";
import {
  type Backoff,
  fullJitterBackoff,
  type HttpClient,
  type Log,
  type MqttSession,
  mqttSession,
  type MqttSessionOptions,
} from "@mbus-gateway/resource";
import { topic } from "@mbus-gateway/wire";
import type { Clock, Timer } from "./clock.ts";
import { condition } from "./condition.ts";
import type { GatewayConfig } from "./config.ts";
import type { Counts } from "./counts.ts";
import { type BrokerIdentity, brokerIdentity, type BrokerIdentityOptions } from "./broker_identity.ts";
import { mqttIdentity, platformIdentity } from "./credentials.ts";
import { confirmationsTo, dailySend } from "./daily_send.ts";
import type { Delivery } from "./delivery.ts";
import { reconnectPace } from "./reconnect_pace.ts";
import { hearRequests } from "./requests/hear_requests.ts";
import type { MqttRequests } from "./requests/mqtt_requests.ts";
import { cronSchedule, stableJitterMs } from "./schedule.ts";
import { attendAll, type SessionGuest } from "./session_guest.ts";
import type { Spool } from "./spool.ts";

export interface ConnectionOptions {
  config: GatewayConfig;
  spool: Spool;
  delivery: Delivery;
  counts: Counts;
  clock: Clock;
  timer: Timer;
  log: Log;
  /** Ends the connection in order. */
  signal: AbortSignal;
  connect?: (options: MqttSessionOptions) => Promise<MqttSession>;
  backoff?: Backoff;
  /** Refuses certificates and keys that cannot be used. */
  check?: BrokerIdentityOptions["check"];
  /** Answers what is asked of the gateway while a connection stands. */
  mqttRequests?: MqttRequests;
  /** Others who use the connection while it stands. */
  guests?: readonly SessionGuest[];
}

/** A connection that has lasted this long was a good one: the waits begin anew. */
export const STABLE_MS = 60_000;
/** Nobody waits longer for the state to be published. */
const STATE_MS = 1_000;

/**
 * Stays connected to the broker and delivers, connecting again for as long as it takes ({@linkcode reconnectPace}: full
 * jitter, 1 to 300 s). `gateways/{id}/state` says `online` while the connection stands; the last will, or the farewell,
 * says `offline`.
 *
 * Nothing but a missing permission ends it: certificates may be replaced, a full disk emptied, a broker repaired.
 *
 * @param options.onConnected hears of each connection that stands and of its end.
 */
export async function stayConnected(
  options: ConnectionOptions & { onConnected?: (connected: boolean) => void },
): Promise<void> {
  const { config, timer, log, signal, onConnected = () => {} } = options;
  const { backoff = reconnectPace(config.mqtt.url) } = options;
  const broker = condition(log, "The broker is connected again");
  const identity = brokerIdentity(options);
  while (!signal.aborted) {
    let connectedAt = Infinity;
    try {
      const reason = await deliverOnce(options, identity, () => {
        connectedAt = timer.elapsed();
        identity.worked();
        broker.works();
        onConnected(true);
      });
      if (reason === "replaced") {
        log.info("The files of the broker's connection were replaced: connecting with the new ones");
        continue;
      }
      if (reason !== null) throw reason;
    } catch (thrown) {
      if (isFatal(thrown)) throw thrown;
      if (!signal.aborted) broker.fails(thrown);
    } finally {
      onConnected(false);
    }
    if (connectedAt === Infinity && identity.goesBack()) continue;
    if (timer.elapsed() - connectedAt >= STABLE_MS) backoff.reset();
    await pause(timer, Math.max(1_000, backoff.next()), signal);
  }
}

/**
 * One connection, from its beginning to its end.
 *
 * @returns why it ended: null after an orderly end, `replaced` when it is to be made again with other certificates.
 */
async function deliverOnce(
  { config, delivery, mqttRequests, guests = [], log, signal, connect = mqttSession }: ConnectionOptions,
  identity: BrokerIdentity,
  connected: () => void,
): Promise<Error | "replaced" | null> {
  const { gateway } = config;
  const state = topic.state(gateway);
  const confirmation = confirmationsTo(delivery, gateway);
  await using session = await connect({
    ...await identity.current(),
    will: { topic: state, payload: stateText("offline"), qos: 1, retain: true },
    onMessage: (message) =>
      mqttRequests?.take(message) || guests.some((guest) => guest.take?.(message)) || confirmation(message),
    signal,
    log,
  });
  connected();
  using _requests = await hearRequests(mqttRequests, session, log); // who sees `online` may ask
  await tell(session, state, "online", log);
  using files = identity.watch();
  const { replaced } = files;
  const over = new AbortController();
  const [reason] = await Promise.all([
    delivery.run(session, AbortSignal.any([signal, replaced])).finally(() => over.abort()),
    attendAll(guests, session, over.signal, log),
  ]);
  const again = reason === null && replaced.aborted && !signal.aborted;
  // An orderly DISCONNECT makes the broker forget the will.
  if (reason === null && !again) await tell(session, state, "offline", log);
  return again ? "replaced" : reason;
}

/** The state is a courtesy to those who watch: readings go out with or without it. */
async function tell(session: MqttSession, state: string, value: "online" | "offline", log: Log) {
  try {
    await deadline(session.publish(state, stateText(value), { qos: 1, retain: true }), STATE_MS);
  } catch (error) {
    log.warn("The state was not published", { state: value, error });
  }
}

function stateText(state: "online" | "offline"): string {
  return JSON.stringify({ state });
}

/** A send that fails is tried again so often; what is left then waits for the next time. */
const SEND_TRIES = 5;

export interface SendAtTimesOptions extends ConnectionOptions {
  /** In UTC; a gateway keeps the same distance of up to a minute from it, each its own. */
  cron: string;
  http: () => HttpClient;
  /** Whether it connects once at the beginning as well. */
  atOnce?: boolean;
  onConnected?: (connected: boolean) => void;
}

/** Connects at the times of a cron expression only; then sends what has gathered, and answers what was asked meanwhile. */
export async function sendAtTimes(options: SendAtTimesOptions): Promise<void> {
  const { config, cron, atOnce = false, clock, timer, signal } = options;
  const jitterMs = stableJitterMs(config.gateway, "connection", 3_600_000);
  if (atOnce) await sendWithTries(options);
  for await (const _ of cronSchedule({ cron, jitterMs, clock, timer, signal })) await sendWithTries(options);
}

async function sendWithTries(options: SendAtTimesOptions): Promise<void> {
  const { config, timer, log, signal, backoff = sendBackoff() } = options;
  backoff.reset();
  for (let tries = 1; tries <= SEND_TRIES && !signal.aborted; tries++) {
    try {
      const mqtt = await mqttIdentity(config);
      const result = await dailySend({
        ...options,
        gateway: config.gateway,
        mqtt,
        platform: platformIdentity(config.platform),
      });
      log.info("What had gathered is sent", { ...result });
      return;
    } catch (thrown) {
      if (isFatal(thrown)) throw thrown;
      if (signal.aborted) return;
      log.warn("Cannot send what has gathered", { tries, error: thrown });
      await pause(timer, Math.max(1_000, backoff.next()), signal);
    }
  }
}

function isFatal(thrown: unknown): boolean {
  return thrown instanceof Deno.errors.NotCapable;
}

function sendBackoff(): Backoff {
  return fullJitterBackoff({ baseMs: 2_000, maxMs: 300_000 });
}

async function pause(timer: Timer, ms: number, signal: AbortSignal) {
  try {
    await timer.sleep(ms, signal);
  } catch (thrown) {
    if (!signal.aborted) throw thrown;
  }
}
