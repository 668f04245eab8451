import { type IClientOptions, type IConnackPacket, MqttClient, ReasonCodes } from "mqtt";
import { type BrokerAddress, brokerSocket, destroyed } from "./broker_socket.ts";
import { connectionError, MqttError, refusalError } from "./mqtt_error.ts";
import { type MqttMessage, receiveInto } from "./mqtt_receive.ts";

/** One connection that has been accepted; it is never made again by itself. */
export interface MqttConnection {
  client: MqttClient;
  /** What the broker said of itself when it accepted. */
  connack: IConnackPacket;
  /** Aborts when the connection is gone; the reason is an Error. */
  over: AbortSignal;
  /** Why the connection ended; null after an orderly end. Never rejects. */
  closed: Promise<Error | null>;
  /** Says DISCONNECT, so that no last will is published, and waits for the end; a broker that hangs is not waited for. */
  end(): Promise<void>;
}

/** How long an orderly end may take before the socket is destroyed. */
const GOODBYE_MS = 2000;

/**
 * Opens TCP and TLS, says CONNECT and waits for the CONNACK.
 *
 * @throws {MqttError} a sentence for each way this fails; the signal's reason when it aborts. Nothing stays open.
 */
export async function mqttConnection(
  address: BrokerAddress,
  options: IClientOptions & { protocolVersion: 4 | 5 },
  receive: { onMessage: (message: MqttMessage) => void; acknowledge: "automatic" | "manual" },
  signal: AbortSignal,
): Promise<MqttConnection> {
  const { socket, lastError } = await brokerSocket(address, signal);
  const client = new MqttClient(() => socket, options);
  const { where } = address;

  let orderly = false;
  let failure: Error | null = null;
  const fail = (error: Error) => {
    failure ??= error;
    socket.destroy();
  };
  const over = new AbortController();
  const { promise: closed, resolve: resolveClosed } = Promise.withResolvers<Error | null>();
  client.on("disconnect", ({ reasonCode }) => failure ??= new Error(`the broker said: ${meaning(reasonCode)}`));
  client.on("error", fail);
  client.on("close", () => {
    const cause = failure ?? lastError() ?? new Error("the broker closed it");
    const lost = new MqttError(`Cannot keep connection to broker: ${where}: ${cause.message}`, { cause });
    over.abort(lost);
    resolveClosed(orderly ? null : lost);
  });
  receiveInto(client, { ...receive, fail });

  const accepted = Promise.withResolvers<IConnackPacket>();
  const abort = () => accepted.reject(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  client.once("connect", accepted.resolve);
  client.on("packetreceive", (packet) => {
    if (packet.cmd !== "connack") return;
    const code = packet.reasonCode ?? packet.returnCode ?? 0;
    if (code !== 0) accepted.reject(refusalError(where, code, options.protocolVersion));
  });
  closed.then(() => {
    const silent = new Error("it closed the connection before it answered; its log says why");
    accepted.reject(connectionError(where, lastError() ?? failure ?? silent));
  });
  let connack: IConnackPacket;
  try {
    if (signal.aborted) abort();
    connack = await accepted.promise;
  } catch (error) {
    await destroyed(socket);
    await closed;
    throw error;
  } finally {
    signal.removeEventListener("abort", abort);
  }

  let ended: Promise<void> | undefined;
  const sayGoodbye = async () => {
    if (over.signal.aborted) return;
    orderly = true;
    over.abort(new MqttError("Cannot go on: the MQTT session has been closed"));
    // A PUBACK that never comes must not hold up the DISCONNECT; who waits for it is told by `over`.
    client.outgoing = {};
    const finished = new Promise<void>((resolve) => client.end(false, {}, () => resolve()));
    const impatience = setTimeout(() => socket.destroy(), GOODBYE_MS);
    await Promise.all([closed, finished]);
    clearTimeout(impatience);
    // mqtt.js leaves a timer of 0 ms behind.
    await new Promise((resolve) => setTimeout(resolve, 1));
  };
  return { client, connack, over: over.signal, closed, end: () => ended ??= sayGoodbye() };
}

function meaning(reasonCode: number | undefined): string {
  if (reasonCode === 142) return "another client has connected with the same client id";
  const text: string | undefined = (ReasonCodes as Record<number, string>)[reasonCode ?? 0];
  return text ? text.toLowerCase() : `reason code ${reasonCode}`;
}
