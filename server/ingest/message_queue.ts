import { delay } from "@std/async";

/**
 * Messages between a connection that delivers them and a database that takes them in batches. One consumer.
 */
export class MessageQueue<Message> {
  #messages: Message[] = [];
  #bytes = 0;
  #closed: { reason: Error | null } | null = null;
  #wake = () => {};

  constructor(readonly sizeOf: (message: Message) => number) {}

  /** The bytes of the messages that wait. */
  get bytes(): number {
    return this.#bytes;
  }

  push(message: Message): void {
    if (this.#closed !== null) return; // the broker delivers it again
    this.#messages.push(message);
    this.#bytes += this.sizeOf(message);
    this.#wake();
  }

  /** Ends the batches after what waits: with an error for a reason, without one for an orderly end (null). */
  close(reason: Error | null): void {
    this.#closed ??= { reason };
    this.#wake();
  }

  /** Batches of up to `size` messages; one that is not full goes after `maxAgeMs`. */
  async *batches({ size, maxAgeMs }: { size: number; maxAgeMs: number }): AsyncGenerator<Message[]> {
    for (;;) {
      while (this.#messages.length === 0 && this.#closed === null) {
        await new Promise<void>((resolve) => this.#wake = resolve);
      }
      if (this.#messages.length === 0) {
        if (this.#closed?.reason != null) throw this.#closed.reason;
        return;
      }
      if (this.#messages.length < size && this.#closed === null) await delay(maxAgeMs);
      const batch = this.#messages.splice(0, size);
      for (const message of batch) this.#bytes -= this.sizeOf(message);
      yield batch;
    }
  }
}
