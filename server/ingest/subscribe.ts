import {
  fullJitterBackoff,
  type Log,
  type MqttMessage,
  type MqttSession,
  mqttSession,
  type MqttSessionOptions,
} from "@mbus-gateway/resource";
import { type Confirmation, encodeConfirmation, gatewayOfDataTopic, topic } from "@mbus-gateway/wire";
import { delay } from "@std/async";
import { mergeConfirmations } from "./confirmation.ts";
import type { Ingest } from "./ingest.ts";
import { MessageQueue } from "./message_queue.ts";

export interface SubscribeIngestOptions {
  ingest: Ingest["ingest"];
  /** The broker; the session is kept over a restart, so its client id is stable. */
  mqtt: Omit<MqttSessionOptions, "onMessage" | "acknowledge" | "clean" | "signal">;
  signal: AbortSignal;
  log: Log;
  /** The most messages of one transaction. */
  batchSize?: number;
  /** How long a batch waits for company, in milliseconds. */
  maxAgeMs?: number;
  /** The most bytes of messages that wait; past it the connection is closed until they are stored. */
  maxQueuedBytes?: number;
  /** Called each time the subscription stands. */
  onReady?: () => void;
}

/** How long a session outlives its connection at the broker, in seconds. */
const SESSION_EXPIRY_SECONDS = 7 * 24 * 60 * 60;
const RECEIVE_MAXIMUM = 200;

/**
 * Takes in what gateways publish until the signal aborts: batches messages, stores them in one transaction, and only
 * then acknowledges them to the broker and confirms to the gateways. A broker or database that is away is waited for
 * with full-jitter backoff; what was not acknowledged comes again.
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
  const { mqtt: broker, signal, log, maxQueuedBytes = 64 * 1024 * 1024, onReady = () => {} } = options;
  const queue = new MessageQueue<MqttMessage>((message) => message.payload.length);
  await using mqtt = await mqttSession({
    ...broker,
    clean: false,
    sessionExpirySeconds: SESSION_EXPIRY_SECONDS,
    receiveMaximum: RECEIVE_MAXIMUM,
    acknowledge: "manual",
    signal,
    onMessage: (message) => {
      queue.push(message);
      if (queue.bytes > maxQueuedBytes) queue.close(new Error(`${queue.bytes} bytes wait for the database`));
    },
  });
  await mqtt.subscribe(topic.allData, { qos: 1 });
  connected();
  log.info("Taking in readouts", { broker: broker.url, protocolVersion: mqtt.protocolVersion });
  onReady();
  void mqtt.closed.then((reason) => queue.close(reason ?? new Error("the connection was closed")));
  const stop = () => queue.close(null);
  signal.addEventListener("abort", stop, { once: true });
  try {
    await storeBatches(options, queue, mqtt);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

async function storeBatches(options: SubscribeIngestOptions, queue: MessageQueue<MqttMessage>, mqtt: MqttSession) {
  const { batchSize = 50, maxAgeMs = 20, signal, log, ingest } = options;
  const backoff = fullJitterBackoff({ baseMs: 200, maxMs: 10_000 });
  for await (const batch of queue.batches({ size: batchSize, maxAgeMs })) {
    const messages = batch.map(({ topic: name, payload }) => {
      return { origin: "mqtt" as const, gateway: gatewayOfDataTopic(name) ?? name, payload };
    });
    for (;;) {
      try {
        const results = await ingest(messages);
        backoff.reset();
        for (const message of batch) message.acknowledge();
        await confirm(mqtt, results.flatMap(({ confirmation }) => confirmation ?? []), log);
        break;
      } catch (error) {
        log.error("Cannot store messages: they stay with the broker, trying again", { messages: batch.length, error });
        if (signal.aborted) return;
        await delay(backoff.next(), { signal }).catch(() => {});
        if (signal.aborted) return;
      }
    }
  }
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
