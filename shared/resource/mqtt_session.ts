import { Buffer } from "node:buffer";
import type { IClientOptions } from "mqtt";
import { type BrokerAddress, brokerAddress } from "./broker_socket.ts";
import { type Log, silentLog } from "./log.ts";
import { type MqttConnection, mqttConnection } from "./mqtt_connection.ts";
import { isVersionRefused, MqttError } from "./mqtt_error.ts";
import { type MqttPublishOptions, publish, subscribe } from "./mqtt_publish.ts";
import type { MqttMessage } from "./mqtt_receive.ts";
import { semaphore } from "./semaphore.ts";

export interface MqttSessionOptions {
  /** `mqtts://host:8883`; `mqtt://` for loopback addresses only. */
  url: string;
  clientId: string;
  username?: string;
  password?: string;
  /** PEM text of the authority that issued the broker's certificate; without it, those the system knows. */
  ca?: string;
  /** PEM text of our certificate, for mutual TLS. */
  cert?: string;
  /** PEM text of the private key that belongs to `cert`. */
  key?: string;
  /** What the broker publishes when the connection ends without DISCONNECT. */
  will?: { topic: string; payload: string; qos?: 0 | 1; retain?: boolean };
  /** `false` resumes the session that the broker keeps for this client id. Default `true`. */
  clean?: boolean;
  /** How long the broker keeps the session after the connection (MQTT 5); by default a day if not `clean`. */
  sessionExpirySeconds?: number;
  /** The most unacknowledged messages that the broker may send us at once (MQTT 5). */
  receiveMaximum?: number;
  keepAliveSeconds?: number;
  /** For TCP, TLS and CONNACK together, the second attempt with MQTT 3.1.1 included. Default 10 seconds. */
  connectTimeoutMs?: number;
  /** Called for each message in order; what a resumed session brings may come before `mqttSession` has resolved. */
  onMessage?: (message: MqttMessage) => void;
  /** `manual`: a QoS 1 message is acknowledged by its `acknowledge()`. Default `automatic`: when `onMessage` returns. */
  acknowledge?: "automatic" | "manual";
  /** Ends the attempt to connect; a session that stands is ended by its owner. */
  signal?: AbortSignal;
  log?: Log;
}

/** One connection to a broker. Its disposal says DISCONNECT and never throws. */
export interface MqttSession extends AsyncDisposable {
  /** 5, or 4 (MQTT 3.1.1) where the broker knows no better. */
  readonly protocolVersion: 4 | 5;
  /** Settles (never rejects) once the connection has ended: with the reason, or null after an orderly end. */
  readonly closed: Promise<Error | null>;
  /**
   * Publishes. With QoS 1 it resolves at PUBACK, which says that the broker has it and nothing more.
   *
   * @throws {MqttError} when the broker refuses it or the connection ends first.
   */
  publish(topic: string, payload: Uint8Array | string, options?: MqttPublishOptions): Promise<void>;
  /** Subscribes (default QoS 1). A SUBACK does not prove that the broker's access rules will deliver anything. */
  subscribe(filter: string, options?: { qos?: 0 | 1 }): Promise<void>;
}

/**
 * Connects to a broker: MQTT 5, or 3.1.1 when the broker answers that it does not speak 5. A session is one connection
 * and never reconnects; its owner makes another, with backoff.
 *
 * @throws {ConfigurationError} for what cannot work (an unencrypted address of another machine, a key that does not
 * belong to its certificate), {@linkcode MqttError} for everything else; both say what to do.
 *
 * @example
 * ```ts ignore
 * await using mqtt = await mqttSession({ url: "mqtts://broker.example.org", clientId: "GW-0001", ca, cert, key });
 * await mqtt.publish("meters/GW-0001/data", payload);
 * ```
 */
export async function mqttSession(options: MqttSessionOptions): Promise<MqttSession> {
  const address = brokerAddress(options);
  const { connectTimeoutMs = 10_000, log = silentLog, signal } = options;
  const timeout = new AbortController();
  const timer = setTimeout(() => {
    const within = `${address.where} did not answer within ${connectTimeoutMs / 1000} s`;
    timeout.abort(new MqttError(`Cannot connect to broker: ${within}; check the address, the network and the broker`));
  }, connectTimeoutMs);
  const end = signal === undefined ? timeout.signal : AbortSignal.any([signal, timeout.signal]);
  try {
    return await open(address, options, 5, end);
  } catch (error) {
    if (!isVersionRefused(error)) throw error;
    log.info("Broker speaks no MQTT 5; using MQTT 3.1.1", { broker: address.where });
    return await open(address, options, 4, end);
  } finally {
    clearTimeout(timer);
  }
}

async function open(address: BrokerAddress, options: MqttSessionOptions, version: 4 | 5, signal: AbortSignal) {
  const { onMessage = () => {}, acknowledge = "automatic" } = options;
  const client = clientOptions(address, options, version);
  return session(await mqttConnection(address, client, { onMessage, acknowledge }, signal), version);
}

function clientOptions(address: BrokerAddress, options: MqttSessionOptions, version: 4 | 5) {
  const { clientId, clean = true, will, keepAliveSeconds = 60, receiveMaximum, connectTimeoutMs = 10_000 } = options;
  const sessionExpiryInterval = options.sessionExpirySeconds ?? (clean ? 0 : 86_400);
  return {
    protocolVersion: version,
    clientId,
    username: options.username ?? (decodeURIComponent(address.url.username) || undefined),
    password: options.password ?? (decodeURIComponent(address.url.password) || undefined),
    clean,
    keepalive: keepAliveSeconds,
    ...(will && {
      will: { topic: will.topic, payload: Buffer.from(will.payload), qos: will.qos ?? 1, retain: will.retain ?? false },
    }),
    ...(version === 5 && {
      properties: { sessionExpiryInterval, ...(receiveMaximum !== undefined && { receiveMaximum }) },
    }),
    reconnectPeriod: 0,
    resubscribe: false,
    timerVariant: "native",
    // Ours ends first and covers TCP and TLS too.
    connectTimeout: connectTimeoutMs + 60_000,
  } satisfies IClientOptions & { protocolVersion: 4 | 5 };
}

/** Without a receive maximum (MQTT 3.1.1, and brokers that name none): ours. */
const MAX_IN_FLIGHT = 1024;

function session(connection: MqttConnection, protocolVersion: 4 | 5): MqttSession {
  const { receiveMaximum, maximumPacketSize = Infinity } = connection.connack.properties ?? {};
  const inFlight = semaphore(Math.min(receiveMaximum ?? MAX_IN_FLIGHT, MAX_IN_FLIGHT));
  return {
    protocolVersion,
    closed: connection.closed,
    publish: (topic, payload, options = {}) => {
      const bytes = typeof payload === "string" ? Buffer.from(payload) : Buffer.from(payload);
      // Fixed header, topic and packet identifier; properties are small.
      const size = bytes.length + Buffer.byteLength(topic) + 16;
      if (size > maximumPacketSize) {
        const most = `${size} bytes exceed the ${maximumPacketSize} that the broker accepts`;
        return Promise.reject(new MqttError(`Cannot publish to ${topic}: ${most}; send less at once`));
      }
      return publish(connection, inFlight, { topic, bytes, options, protocolVersion });
    },
    subscribe: (filter, { qos = 1 } = {}) => subscribe(connection, filter, qos),
    [Symbol.asyncDispose]: () => connection.end(),
  };
}
