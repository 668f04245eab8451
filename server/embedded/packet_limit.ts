/**
 * Follows the lengths of MQTT packets in a stream of bytes (MQTT 3.1.1, 2.2.3), so that one that is too long is known
 * by its header, before it has been collected.
 */
export class PacketLimit {
  #state: "type" | "length" | "rest" = "type";
  #length = 0;
  #shift = 0;
  #max: number;

  /** @param max the most bytes of a packet after its fixed header. */
  constructor(max: number) {
    this.#max = max;
  }

  /** Whether every packet up to here is short enough. */
  accepts(bytes: Uint8Array): boolean {
    for (let at = 0; at < bytes.length;) {
      if (this.#state === "rest") {
        const skipped = Math.min(this.#length, bytes.length - at);
        this.#length -= skipped;
        at += skipped;
        if (this.#length === 0) this.#state = "type";
        continue;
      }
      const byte = bytes[at++] ?? 0;
      if (this.#state === "type") {
        this.#state = "length";
        this.#length = this.#shift = 0;
        continue;
      }
      this.#length += (byte & 0x7f) * 2 ** this.#shift;
      this.#shift += 7;
      if (this.#length > this.#max || this.#shift > 28) return false;
      if (byte < 0x80) this.#state = this.#length === 0 ? "type" : "rest";
    }
    return true;
  }
}
