import type { MqttMessage } from "@mbus-gateway/resource";

/**
 * The messages of one connection that are not acknowledged yet. PUBACKs go out in the order of arrival (MQTT 5, section
 * 4.6), although batches are committed in another.
 */
export class Deliveries {
  #open: { message: MqttMessage; stored: boolean }[] = [];
  #bytes = 0;

  /** The bytes of what is not acknowledged. */
  get bytes(): number {
    return this.#bytes;
  }

  get length(): number {
    return this.#open.length;
  }

  /** Notes a message that came; call what it returns when the message is stored. */
  add(message: MqttMessage): () => void {
    const delivery = { message, stored: false };
    this.#open.push(delivery);
    this.#bytes += message.payload.length;
    return () => {
      delivery.stored = true;
      this.#acknowledge();
    };
  }

  #acknowledge() {
    let count = 0;
    for (const { message, stored } of this.#open) {
      if (!stored) break;
      message.acknowledge();
      this.#bytes -= message.payload.length;
      count++;
    }
    this.#open.splice(0, count);
  }
}
