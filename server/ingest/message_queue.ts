import { delay } from "@std/async";

/** When a batch is full: by its messages, or by their bytes. One that is not goes when its first message is so old. */
export interface BatchLimits {
  messages: number;
  bytes: number;
  ageMs: number;
}

/**
 * Messages between connections that deliver them and a database that takes them in batches. One consumer.
 */
export class MessageQueue<Message> {
  #messages: Message[] = [];
  #bytes = 0;
  #closed = false;
  #wake = () => {};

  constructor(readonly sizeOf: (message: Message) => number) {}

  /** The bytes of the messages that wait. */
  get bytes(): number {
    return this.#bytes;
  }

  get length(): number {
    return this.#messages.length;
  }

  push(message: Message): void {
    if (this.#closed) throw new Error("Cannot queue a message: the queue is closed");
    this.#messages.push(message);
    this.#bytes += this.sizeOf(message);
    this.#wake();
  }

  /** Puts back what was taken out and could not be stored, before all that waits. */
  putBack(messages: Message[]): void {
    this.#messages.unshift(...messages);
    for (const message of messages) this.#bytes += this.sizeOf(message);
    this.#wake();
  }

  /** Takes out what waits and is meant. */
  takeOut(isMeant: (message: Message) => boolean = () => true): Message[] {
    const taken = this.#messages.filter(isMeant);
    if (taken.length === 0) return taken;
    this.#messages = this.#messages.filter((message) => !isMeant(message));
    for (const message of taken) this.#bytes -= this.sizeOf(message);
    return taken;
  }

  /** Ends the batches after what waits. */
  close(): void {
    this.#closed = true;
    this.#wake();
  }

  /** Batches within the limits, of one message at least. */
  async *batches(limits: BatchLimits): AsyncGenerator<Message[]> {
    for (;;) {
      while (this.#messages.length === 0 && !this.#closed) {
        await new Promise<void>((resolve) => this.#wake = resolve);
      }
      if (this.#messages.length === 0) return;
      const isFull = this.#messages.length >= limits.messages || this.#bytes >= limits.bytes;
      if (!isFull && !this.#closed && limits.ageMs > 0) await delay(limits.ageMs);
      const batch = this.#take(limits);
      if (batch.length > 0) yield batch;
    }
  }

  #take({ messages, bytes }: BatchLimits): Message[] {
    let count = 0;
    let size = 0;
    while (count < this.#messages.length && count < messages) {
      const next = this.sizeOf(this.#messages[count] as Message);
      if (count > 0 && size + next > bytes) break;
      size += next;
      count++;
    }
    this.#bytes -= size;
    return this.#messages.splice(0, count);
  }
}
