import type { IPublishPacket, MqttClient } from "mqtt";

/** A message that came in. */
export interface MqttMessage {
  topic: string;
  payload: Uint8Array;
  retain: boolean;
  /** The broker has sent it before, and no PUBACK came. */
  duplicate: boolean;
  /** MQTT 5 only, like the two that follow. */
  contentType?: string;
  responseTopic?: string;
  correlationData?: Uint8Array;
  /**
   * In a session that acknowledges manually: sends the PUBACK, so that the broker forgets the message. Call it in the
   * order of arrival (MQTT 5, section 4.6). A no-op when it has been called, for QoS 0, in automatic sessions, and once
   * the connection is gone: the broker then delivers the message again.
   */
  acknowledge(): void;
}

export interface Receiver {
  /** A throw ends the connection, and the message stays unacknowledged. */
  onMessage: (message: MqttMessage) => void;
  acknowledge: "automatic" | "manual";
  /** Ends the connection with this error. */
  fail: (error: Error) => void;
}

/**
 * Hands each PUBLISH over as it arrives. Set up before the first packet can have been read, so that what a resumed
 * session brings along is not missed.
 *
 * An answer to `handleMessage` that is withheld would stop the reading, keep-alive included. So it is given at once,
 * as an error where no PUBACK must go out yet, and a deferred PUBACK is sent by {@linkcode sendPuback}.
 */
export function receiveInto(client: MqttClient, { onMessage, acknowledge, fail }: Receiver): void {
  client.handleMessage = (packet, answer) => {
    const deferred = packet.qos === 1 && acknowledge === "manual";
    try {
      onMessage(toMessage(packet, deferred ? once(() => sendPuback(client, packet)) : () => {}));
    } catch (error) {
      fail(error instanceof Error ? error : new Error(String(error)));
      answer(WITHHELD);
      return;
    }
    answer(deferred ? WITHHELD : undefined);
  };
}

const WITHHELD = new Error("PUBACK withheld");

/**
 * Sends a PUBACK after `handleMessage` was answered with an error. mqtt.js offers no other way, so this one function
 * uses its private `_sendPacket`; the version is pinned and the tests count what comes again.
 */
function sendPuback(client: MqttClient, { messageId }: IPublishPacket) {
  // A client stands for one connection: packet identifiers of an older one mean nothing to a newer.
  if (!client.connected || messageId === undefined) return;
  const { _sendPacket } = client as unknown as { _sendPacket(this: MqttClient, packet: object): void };
  _sendPacket.call(client, { cmd: "puback", messageId, reasonCode: 0 });
}

function toMessage(packet: IPublishPacket, acknowledge: () => void): MqttMessage {
  const { contentType, responseTopic, correlationData } = packet.properties ?? {};
  const payload = typeof packet.payload === "string" ? new TextEncoder().encode(packet.payload) : packet.payload;
  return {
    topic: packet.topic,
    payload: plainBytes(payload),
    retain: packet.retain,
    duplicate: packet.dup,
    ...(contentType !== undefined && { contentType }),
    ...(responseTopic !== undefined && { responseTopic }),
    ...(correlationData !== undefined && { correlationData: plainBytes(correlationData) }),
    acknowledge,
  };
}

/** The same memory as Uint8Array: a Buffer's `slice` and `toString` mean something else. */
function plainBytes({ buffer, byteOffset, byteLength }: Uint8Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function once(action: () => void): () => void {
  let done = false;
  return () => {
    if (!done) action();
    done = true;
  };
}
