import type { Log, MqttMessage, MqttSession } from "@mbus-gateway/resource";
import { encodeResponse, type GatewayRequest, topic } from "@mbus-gateway/wire";
import type { Requests } from "./requests.ts";

/** Requests over MQTT. Answers outlive a connection: they go out over the next one. */
export interface MqttRequests {
  /** Takes a message that is a request. @returns false for any other. */
  take(message: MqttMessage): boolean;
  /** Subscribes, and sends over this session from now on; first what waits. */
  attach(session: MqttSession): Promise<void>;
  /** Says what nobody asked for just now, such as the end of a tunnel. */
  announce(verb: string, what: unknown): void;
  /** The session is gone. */
  detach(): void;
  /** Whether something was asked that is not answered yet. */
  readonly isAsked: boolean;
  /** Until that is answered; an answer that could not be sent waits for the next session. */
  answered(): Promise<void>;
}

interface Reply {
  topic: string;
  payload: string;
  correlationData?: Uint8Array;
}

/** So many answers wait for a connection; past that the oldest go. */
const MOST_WAITING = 100;

/** The requests of a gateway, over the sessions that it has with its broker, one after the other. */
export function mqttRequests(
  { gateway, requests, log }: { gateway: string; requests: Requests; log: Log },
): MqttRequests {
  const prefix = topic.request(gateway, "");
  let session: MqttSession | null = null;
  let waiting: Reply[] = [];
  const asked = new Set<Promise<void>>();

  async function send(over: MqttSession, { topic, payload, correlationData }: Reply, qos: 0 | 1): Promise<boolean> {
    try {
      await over.publish(topic, payload, { qos, correlationData, contentType: "application/json" });
      return true;
    } catch (error) {
      log.debug("Cannot send answer yet", { topic, error });
      return false;
    }
  }

  async function reply(answer: Reply) {
    if (session !== null && await send(session, answer, 1)) return;
    waiting = [...waiting, answer].slice(-MOST_WAITING);
  }

  /** Answers go below the gateway's own topic: the broker would refuse others, and end the connection. */
  function topicFor(verb: string, ...wanted: (string | undefined)[]): string {
    const mayUse = (name: string | undefined): name is string =>
      name !== undefined && name.startsWith(topic.response(gateway, "")) && !/[+#\0]/.test(name);
    return wanted.find(mayUse) ?? topic.response(gateway, verb);
  }

  async function answer(verb: string, { payload, responseTopic, correlationData }: MqttMessage) {
    const onProgress = (text: string, request: GatewayRequest) => {
      const to = topicFor(verb, responseTopic, request.responseTopic);
      if (session !== null) void send(session, { topic: to, payload: text, correlationData }, 0);
    };
    const { response, request } = await requests.handle({ verb, bytes: payload, onProgress });
    await reply({ topic: topicFor(verb, responseTopic, request?.responseTopic), payload: response, correlationData });
  }

  return {
    take(message) {
      if (!message.topic.startsWith(prefix)) return false;
      // A request that somebody left at the broker for good would be done at each connection.
      if (message.retain) return true;
      const answering = answer(message.topic.slice(prefix.length), message);
      asked.add(answering);
      void answering.finally(() => asked.delete(answering));
      return true;
    },
    async attach(next) {
      session = next;
      await next.subscribe(topic.allRequests(gateway), { qos: 1 });
      for (const answer of waiting.splice(0)) await reply(answer);
    },
    announce(verb, what) {
      const payload = encodeResponse({ gateway, verb, id: "", ok: true, result: what });
      void reply({ topic: topic.response(gateway, verb), payload });
    },
    detach: () => void (session = null),
    get isAsked() {
      return asked.size > 0;
    },
    async answered() {
      await Promise.all(asked);
    },
  };
}
