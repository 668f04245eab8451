import { Buffer } from "node:buffer";
import { abortable } from "@std/async";
import type { IPublishPacket } from "mqtt";
import type { MqttConnection } from "./mqtt_connection.ts";
import { MqttError } from "./mqtt_error.ts";
import type { Semaphore } from "./semaphore.ts";

export interface MqttPublishOptions {
  /** Default 1. */
  qos?: 0 | 1;
  retain?: boolean;
  /** MQTT 5; left out where the broker speaks 3.1.1, like the two that follow. */
  contentType?: string;
  responseTopic?: string;
  correlationData?: Uint8Array;
  /** Ends the wait; the broker may have the message all the same. */
  signal?: AbortSignal;
}

/** A message on its way. */
export interface Outgoing {
  topic: string;
  bytes: Buffer;
  options: MqttPublishOptions;
  protocolVersion: 4 | 5;
}

/** Publishes; with QoS 1 it holds one of the places in flight until the PUBACK. */
export async function publish({ client, over }: MqttConnection, inFlight: Semaphore, outgoing: Outgoing) {
  const { topic, bytes, options: { qos = 1, retain = false, signal, ...rest }, protocolVersion } = outgoing;
  if (topic === "" || /[+#\0]/.test(topic)) throw new TypeError(`Cannot publish to ${JSON.stringify(topic)}: no topic`);
  const end = signal === undefined ? over : AbortSignal.any([over, signal]);
  using _place = qos === 1 ? await inFlight.acquire(end) : null;
  end.throwIfAborted();
  const properties = protocolVersion === 5 ? { properties: publishProperties(rest) } : {};
  const sent = new Promise<void>((resolve, reject) => {
    client.publish(topic, bytes, { qos, retain, ...properties }, (error) => {
      if (error) reject(refused(`publish to ${topic}`, error));
      else resolve();
    });
  });
  await abortable(sent, end);
}

function publishProperties({ contentType, responseTopic, correlationData }: MqttPublishOptions) {
  const properties: IPublishPacket["properties"] = {};
  if (contentType !== undefined) properties.contentType = contentType;
  if (responseTopic !== undefined) properties.responseTopic = responseTopic;
  if (correlationData !== undefined) properties.correlationData = Buffer.from(correlationData);
  return properties;
}

/** Subscribes; resolves at SUBACK. */
export async function subscribe({ client, over }: MqttConnection, filter: string, qos: 0 | 1) {
  over.throwIfAborted();
  const granted = new Promise<void>((resolve, reject) => {
    client.subscribe(filter, { qos }, (error) => {
      if (error) reject(refused(`subscribe to ${filter}`, error));
      else resolve();
    });
  });
  await abortable(granted, over);
}

function refused(what: string, cause: Error): MqttError {
  const reasonCode = (cause as { code?: unknown }).code;
  const denied = reasonCode === 135 || reasonCode === 128;
  const advice = denied ? "; the broker's access rules do not allow it to this client" : "";
  return new MqttError(`Cannot ${what}: ${cause.message}${advice}`, {
    cause,
    reasonCode: typeof reasonCode === "number" ? reasonCode : null,
  });
}
