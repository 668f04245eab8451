import type { MqttSession } from "@mbus-gateway/resource";
import { encodeConfirmation, type FramesReadout, parsePayload, toRanges } from "@mbus-gateway/wire";
import type { Delivery } from "../../gateway/delivery.ts";

export interface HoldingServerOptions {
  /** Called with each readout, as often as it comes. */
  onReadout?: (readout: FramesReadout, epoch: string) => void;
  /** What becomes of the confirmations of a message, in the order in which they are to be sent; all at once if absent. */
  confirm?: (confirmation: Uint8Array, deliver: (confirmation: Uint8Array) => void) => void;
}

/** A broker and a server in one, in memory: holds what comes, once, and confirms it. */
export class HoldingServer {
  /** How often each readout came, by epoch and number. */
  readonly arrivals = new Map<string, number>();
  messages = 0;
  readonly #options: HoldingServerOptions;
  #session: { end: (reason: Error | null) => void } | null = null;

  constructor(options: HoldingServerOptions = {}) {
    this.#options = options;
  }

  /** A connection; the one before ends. */
  connect(delivery: Pick<Delivery, "onConfirmation">): MqttSession {
    this.cut();
    const { promise: closed, resolve } = Promise.withResolvers<Error | null>();
    this.#session = { end: resolve };
    return {
      protocolVersion: 5,
      closed,
      subscribe: () => Promise.resolve(),
      publish: (_topic, bytes) => {
        if (typeof bytes === "string") throw new TypeError("expected bytes");
        this.#take(bytes, delivery);
        return Promise.resolve();
      },
      [Symbol.asyncDispose]: () => Promise.resolve(resolve(null)),
    };
  }

  /** Ends the connection, as a cable does that is pulled out. */
  cut() {
    this.#session?.end(new Error("Cannot keep connection to broker: it is gone"));
    this.#session = null;
  }

  #take(bytes: Uint8Array, delivery: Pick<Delivery, "onConfirmation">) {
    const { onReadout, confirm = (confirmation, deliver) => deliver(confirmation) } = this.#options;
    const { gateway, epoch, readouts } = parsePayload(bytes);
    this.messages++;
    for (const readout of readouts) {
      const name = `${epoch}/${readout.seq}`;
      this.arrivals.set(name, (this.arrivals.get(name) ?? 0) + 1);
      if ("frames" in readout) onReadout?.(readout, epoch);
    }
    const held = toRanges(readouts.map(({ seq }) => seq));
    const confirmation = new TextEncoder().encode(encodeConfirmation({ gateway, epoch, held, refused: [] }));
    // As over a wire: later.
    queueMicrotask(() => confirm(confirmation, (text) => delivery.onConfirmation(text)));
  }
}
