import { type MqttSession, mqttSession, type MqttSessionOptions } from "@mbus-gateway/resource";
import {
  encodeConfirmation,
  type FramesReadout,
  type Heartbeat,
  parseHeartbeat,
  parsePayload,
  topic,
  toRanges,
} from "@mbus-gateway/wire";

/** What a gateway needs of a server: it listens at a broker, holds what comes, and confirms it. */
export interface ConfirmingServer extends AsyncDisposable {
  /** Where it takes heartbeats, and the token that it wants to see. */
  readonly url: string;
  readonly token: string;
  /** Every readout that came, as often as it came. */
  readonly readouts: FramesReadout[];
  readonly heartbeats: Heartbeat[];
  /** What was published on the gateway's state topic, retained first. */
  readonly states: string[];
  /** Whether it confirms over MQTT; heartbeats are always answered with what it holds. */
  confirms: boolean;
}

/**
 * Serves one gateway on the broker at `brokerUrl`.
 *
 * @param identity who it is to the broker, where that matters.
 */
export async function confirmingServer(
  brokerUrl: string,
  gateway: string,
  identity: Partial<MqttSessionOptions> = {},
): Promise<ConfirmingServer> {
  const token = "mbg_made-up-for-tests";
  const readouts: FramesReadout[] = [];
  const heartbeats: Heartbeat[] = [];
  const states: string[] = [];
  const held = new Map<string, Set<number>>();
  const confirmation = (epoch: string) =>
    encodeConfirmation({ gateway, epoch, held: toRanges(held.get(epoch) ?? []), refused: [] });

  const server: { mqtt?: MqttSession } = {};
  const onMessage = ({ topic: name, payload }: { topic: string; payload: Uint8Array }) => {
    if (name === topic.state(gateway)) return void states.push(new TextDecoder().decode(payload));
    const message = parsePayload(payload);
    const known = held.get(message.epoch) ?? new Set();
    held.set(message.epoch, known);
    for (const readout of message.readouts) {
      if ("frames" in readout) readouts.push(readout);
      known.add(readout.seq);
    }
    // What the connection's end cuts off is confirmed by the next heartbeat.
    if (result.confirms) server.mqtt?.publish(topic.confirm(gateway), confirmation(message.epoch)).catch(() => {});
  };
  await using stack = new AsyncDisposableStack();
  server.mqtt = stack.use(await mqttSession({ url: brokerUrl, clientId: "server", ...identity, onMessage }));
  await server.mqtt.subscribe(topic.allData);
  await server.mqtt.subscribe(topic.state(gateway));
  const http = stack.use(Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    const { pathname } = new URL(request.url);
    if (pathname !== `/api/v1/gateways/${gateway}/heartbeat`) return new Response("", { status: 404 });
    if (request.headers.get("authorization") !== `Bearer ${token}`) return new Response("", { status: 401 });
    const heartbeat = parseHeartbeat(await request.bytes());
    heartbeats.push(heartbeat);
    return new Response(confirmation(heartbeat.epoch));
  }));
  const owned = stack.move();
  const result: ConfirmingServer = {
    url: `http://127.0.0.1:${http.addr.port}`,
    token,
    readouts,
    heartbeats,
    states,
    confirms: true,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
  return result;
}
