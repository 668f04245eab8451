import type { MqttSession } from "@mbus-gateway/resource";
import { encodeConfirmation, parsePayload, type Payload, type Refusal, topic, toRanges } from "@mbus-gateway/wire";
import type { Delivery } from "../../gateway/delivery.ts";

/** A broker and a server in memory, whose every answer is the test's to give. */
export class ScriptedBroker {
  /** The messages that reached the server, in order, as they were received and parsed. */
  readonly received: Payload[] = [];
  readonly contentTypes: string[] = [];
  readonly subscriptions: string[] = [];
  /** What becomes of a publish; by default it is acknowledged at once. */
  acknowledge: () => Promise<void> = () => Promise.resolve();
  /** What the server does with a message; by default nothing. */
  serve: (payload: Payload) => void = () => {};
  #end = Promise.withResolvers<Error | null>();

  /** A session with it; the last one made is the one that `close` ends. */
  connect(): MqttSession {
    const end = Promise.withResolvers<Error | null>();
    this.#end = end;
    return {
      protocolVersion: 5,
      closed: end.promise,
      subscribe: (filter) => {
        this.subscriptions.push(filter);
        return Promise.resolve();
      },
      publish: async (_name, payload, { contentType = "", signal } = {}) => {
        if (typeof payload === "string") throw new TypeError("expected bytes");
        const gone = Promise.withResolvers<never>();
        const abort = () => gone.reject(signal?.reason);
        signal?.addEventListener("abort", abort);
        const ended = end.promise.then(() => Promise.reject(new Error("Cannot publish: the connection has ended")));
        await Promise.race([this.acknowledge(), gone.promise, ended]).finally(() =>
          signal?.removeEventListener("abort", abort)
        );
        this.contentTypes.push(contentType);
        const parsed = parsePayload(payload);
        this.received.push(parsed);
        this.serve(parsed);
      },
      [Symbol.asyncDispose]: () => {
        end.resolve(null);
        return Promise.resolve();
      },
    };
  }

  /** Ends the connection. */
  close(reason: Error | null) {
    this.#end.resolve(reason);
  }

  /** The sequence numbers of each message. */
  get sequences(): number[][] {
    return this.received.map((payload) => payload.readouts.map((readout) => readout.seq));
  }
}

/** The bytes of a confirmation for a payload; by default of all that is in it. */
export function confirmationOf(
  { gateway, epoch, readouts }: Payload,
  held: number[] = readouts.map((readout) => readout.seq),
  refused: Refusal[] = [],
): Uint8Array {
  return new TextEncoder().encode(encodeConfirmation({ gateway, epoch, held: toRanges(held), refused }));
}

/** A server that holds everything it receives and says so. */
export function confirmsTo(delivery: Pick<Delivery, "onConfirmation">): (payload: Payload) => void {
  return (payload) => delivery.onConfirmation(confirmationOf(payload));
}

/** Where the gateway of the tests hears its confirmations. */
export const CONFIRM_TOPIC = topic.confirm("GW-0001");
