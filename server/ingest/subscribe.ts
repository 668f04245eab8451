import {
  fullJitterBackoff,
  type Log,
  type MqttSession,
  mqttSession,
  type MqttSessionOptions,
} from "@mbus-gateway/resource";
import { type Confirmation, encodeConfirmation, gatewayOfDataTopic, topic } from "@mbus-gateway/wire";
import { deadline, delay } from "@std/async";
import { mergeConfirmations } from "./confirmation.ts";
import { Deliveries } from "./deliveries.ts";
import type { IngestLanes } from "./lanes.ts";

export interface SubscribeIngestOptions {
  /** Where messages are stored. */
  lanes: Pick<IngestLanes, "submit">;
  /** The broker; the session is kept over a restart, so its client id is stable. */
  mqtt: Omit<MqttSessionOptions, "onMessage" | "acknowledge" | "clean" | "signal">;
  /** The name of the group of servers among which the broker shares the messages; null: this one takes them all. */
  share?: string | null;
  signal: AbortSignal;
  log: Log;
  /** The most bytes of messages that are not stored; past it no more are taken, and when they are, it connects anew. */
  maxWaitingBytes?: number;
  /** Called each time the subscription stands. */
  onReady?: () => void;
}

/** How long a session outlives its connection at the broker, in seconds. */
const SESSION_EXPIRY_SECONDS = 7 * 24 * 60 * 60;
/** The most messages that the broker sends before the first of them is stored: then it waits, and so does the memory. */
const RECEIVE_MAXIMUM = 200;
/** How long a stop waits for the commit of what came before it. */
const DRAIN_MS = 1_000;

/**
 * Takes in what gateways publish until the signal aborts: only after its commit is a message acknowledged to the broker
 * and confirmed to its gateway. A broker that is away is waited for with full-jitter backoff; what was not acknowledged
 * comes again. While the database is away, messages stay with the broker and the connection stands.
 */
export async function subscribeIngest(options: SubscribeIngestOptions): Promise<void> {
  const { signal, log } = options;
  const backoff = fullJitterBackoff({ baseMs: 500, maxMs: 30_000 });
  while (!signal.aborted) {
    try {
      await takeIn(options, () => backoff.reset());
    } catch (error) {
      if (signal.aborted) return;
      log.warn("Cannot take in readouts from the broker: trying again", { broker: options.mqtt.url, error });
    }
    if (signal.aborted) return;
    await delay(backoff.next(), { signal }).catch(() => {});
  }
}

/** One connection, from CONNECT to its end. */
async function takeIn(options: SubscribeIngestOptions, connected: () => void): Promise<void> {
  const { mqtt: broker, share = null, signal, log, lanes, onReady = () => {} } = options;
  const { maxWaitingBytes = 64 * 1024 * 1024 } = options;
  const deliveries = new Deliveries();
  const drained = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<Error | null>();
  const connection = new AbortController(); // what waits when it aborts is dropped: the broker delivers it again
  const underWay = new Set<Promise<void>>();
  let full = false; // from then on messages are left with the broker, which delivers them to the next connection
  const confirmations = confirmationsTo(() => mqtt, log);
  let mqtt: MqttSession | null = null;

  const store = async (name: string, payload: Uint8Array, stored: () => void) => {
    const gateway = gatewayOfDataTopic(name) ?? name;
    const { confirmation } = await lanes.submit({ origin: "mqtt", gateway, payload }, { until: connection.signal });
    stored();
    if (confirmation !== null) confirmations.add(confirmation);
    if (deliveries.length === 0 && signal.aborted) drained.resolve();
  };

  await using session = await mqttSession({
    ...broker,
    clean: false,
    sessionExpirySeconds: SESSION_EXPIRY_SECONDS,
    receiveMaximum: RECEIVE_MAXIMUM,
    acknowledge: "manual",
    signal,
    onMessage: (message) => {
      if (signal.aborted || full) return;
      const storing = store(message.topic, message.payload, deliveries.add(message)).catch((error) => {
        if (!connection.signal.aborted) ended.resolve(error as Error);
      });
      underWay.add(storing);
      storing.finally(() => underWay.delete(storing));
      if (deliveries.bytes > maxWaitingBytes) {
        full = true;
        const reason = new Error(`more than ${maxWaitingBytes} bytes waited for the database; the rest comes again`);
        void Promise.all(underWay).then(() => ended.resolve(reason));
      }
    },
  });
  mqtt = session;
  const stop = () => ended.resolve(null);
  signal.addEventListener("abort", stop, { once: true });
  try {
    const filter = share === null ? topic.allData : `$share/${share}/${topic.allData}`;
    await session.subscribe(filter, { qos: 1 });
    connected();
    log.info("Taking in readouts", { broker: broker.url, protocolVersion: session.protocolVersion, filter });
    onReady();
    void session.closed.then((reason) => ended.resolve(reason ?? new Error("the connection was closed")));
    const reason = await ended.promise;
    if (reason !== null) throw reason;
    if (deliveries.length > 0) await deadline(drained.promise, DRAIN_MS).catch(() => {});
    await confirmations.sent();
  } finally {
    signal.removeEventListener("abort", stop);
    connection.abort(new Error("Cannot store message: its connection has ended, it comes again"));
  }
}

/** Gathers what one commit made true, so that each gateway hears of it once. */
function confirmationsTo(session: () => MqttSession | null, log: Log) {
  let gathered: Confirmation[] = [];
  let sending = Promise.resolve();
  const send = async () => {
    const mqtt = session();
    const all = gathered;
    gathered = [];
    if (mqtt !== null) await confirm(mqtt, all, log);
  };
  return {
    add(confirmation: Confirmation) {
      // The messages of a batch are told one after the other, without a pause: this comes behind the last.
      if (gathered.length === 0) queueMicrotask(() => sending = Promise.all([sending, send()]).then(() => {}));
      gathered.push(confirmation);
    },
    /** Resolves when everything gathered has been sent. */
    async sent() {
      await delay(0);
      await sending;
    },
  };
}

/** A confirmation that does not arrive is no loss: the gateway sends again, or learns it by its heartbeat. */
async function confirm(mqtt: MqttSession, confirmations: Confirmation[], log: Log) {
  const published = mergeConfirmations(confirmations).map((confirmation) =>
    mqtt.publish(topic.confirm(confirmation.gateway), encodeConfirmation(confirmation), { qos: 1 })
  );
  for (const outcome of await Promise.allSettled(published)) {
    if (outcome.status === "rejected") log.warn("Cannot confirm to a gateway", { error: outcome.reason });
  }
}
