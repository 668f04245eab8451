import {
  type HttpClient,
  httpClient,
  type Log,
  type MqttSession,
  mqttSession,
  type MqttSessionOptions,
  silentLog,
} from "@mbus-gateway/resource";
import { topic } from "@mbus-gateway/wire";
import { type Clock, systemTimer, type Timer } from "./clock.ts";
import type { Counts } from "./counts.ts";
import { createDelivery, type Delivery } from "./delivery.ts";
import { type HeartbeatOptions, sendHeartbeat } from "./heartbeat.ts";
import { hearRequests, whileAsked } from "./requests/hear_requests.ts";
import type { MqttRequests } from "./requests/mqtt_requests.ts";
import { openSpool, type Spool } from "./spool.ts";

export interface DailySendOptions {
  gateway: string;
  /** The spool of a gateway that goes on reading, or the path of one to open for this send alone. */
  spool: Spool | string;
  mqtt: Omit<MqttSessionOptions, "onMessage">;
  platform: HeartbeatOptions["platform"];
  counts: Counts;
  /** What is known of past attempts; a new one when absent. It must be of the same spool. */
  delivery?: Delivery;
  clock?: Clock;
  timer?: Timer;
  log?: Log;
  signal?: AbortSignal;
  /** How long to wait for confirmations after the last new thing was sent or confirmed. */
  quietMs?: number;
  /** How long the sending may take altogether. */
  deadlineMs?: number;
  /** Answers what was asked of the gateway since it was connected last, and is asked meanwhile. */
  mqttRequests?: MqttRequests;
  /** Hears of the connection, and of its end. */
  onConnected?: (connected: boolean) => void;
  connect?: (options: MqttSessionOptions) => Promise<MqttSession>;
  http?: () => HttpClient;
}

export interface DailySendResult {
  /** Messages that the broker acknowledged. */
  sent: number;
  /** Readouts that a server confirmed, over MQTT or by the answer to the heartbeat. */
  held: number;
  /** Readouts that are still unconfirmed: they stay in the spool for the next send. */
  left: number;
}

/** So long the broker keeps what is asked of a gateway that is not connected; deploy/mosquitto.conf grants as much. */
const SESSION_EXPIRY_SECONDS = 14 * 86_400;

/**
 * Connects, sends all that the spool holds, waits a bounded time for the confirmations, answers what was asked, and ends
 * with a heartbeat whose answer makes up for confirmations that got lost. Released in reverse order whatever fails:
 * http, mqtt, spool.
 *
 * @throws {Error} when a connection cannot be made or ends early; what was not confirmed stays in the spool.
 */
export async function dailySend(options: DailySendOptions): Promise<DailySendResult> {
  const { gateway, counts, clock, timer = systemTimer, log = silentLog, signal } = options;
  const { connect = mqttSession, http: createHttp = httpClient, mqttRequests, onConnected = () => {} } = options;
  const deadlineMs = options.deadlineMs ?? 600_000;
  const before = counts.read();

  using opened = typeof options.spool === "string" ? openSpool(options.spool, { log, counts }) : null;
  const spool = opened ?? options.spool as Spool;
  const delivery = options.delivery ?? createDelivery({ spool, gateway, counts, clock, timer, log });
  const confirmation = confirmationsTo(delivery, gateway);
  await using mqtt = await connect({
    ...options.mqtt,
    // A session that lasts: the broker keeps the requests of the meantime for it.
    ...(mqttRequests && { clean: false, sessionExpirySeconds: SESSION_EXPIRY_SECONDS }),
    signal,
    log,
    onMessage: (message) => mqttRequests?.take(message) || confirmation(message),
  });
  using connected = new DisposableStack();
  connected.defer(() => onConnected(false));
  onConnected(true);
  using _requests = await hearRequests(mqttRequests, mqtt, log);
  await using http = createHttp();

  const ended = await deliverWithin(deadlineMs, delivery, mqtt, options);
  signal?.throwIfAborted();
  if (ended !== null) throw ended;
  if (mqttRequests !== undefined) await whileAsked(mqttRequests, mqtt, { timer, limitMs: deadlineMs, signal });
  signal?.throwIfAborted();
  await sendHeartbeat({ gateway, platform: options.platform, http, spool, counts, delivery, clock, signal }, "sent");

  const after = counts.read();
  const left = spool.status().depth;
  if (left > 0) log.warn("Readouts are left for the next send: the server has not confirmed them", { left });
  return { sent: after.sent - before.sent, held: after.held - before.held, left };
}

/** An `onMessage` that hands the gateway's confirmations to its delivery and passes over everything else. */
export function confirmationsTo(
  delivery: Pick<Delivery, "onConfirmation">,
  gateway: string,
): (message: { topic: string; payload: Uint8Array }) => void {
  const confirm = topic.confirm(gateway);
  return (message) => {
    if (message.topic === confirm) delivery.onConfirmation(message.payload);
  };
}

async function deliverWithin(ms: number, delivery: Delivery, mqtt: MqttSession, options: DailySendOptions) {
  const { timer = systemTimer, quietMs = 15_000, signal } = options;
  const over = new AbortController();
  const deadline = new AbortController();
  timer.sleep(ms, over.signal).then(() => deadline.abort(), () => {});
  try {
    const stop = signal === undefined ? deadline.signal : AbortSignal.any([signal, deadline.signal]);
    return await delivery.run(mqtt, stop, { quietMs });
  } finally {
    over.abort();
  }
}
