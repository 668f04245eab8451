import type { TransportClosed } from "./byte_stream.ts";

/** From here on {@linkcode ByteInbox.push} asks its sender to wait; a telegram has 261 bytes at most. */
const FULL_BYTES = 64 * 1024;

/**
 * What has arrived on a line and has not been read: the one place where a sender that pushes meets a reader with a
 * time-out. A read that times out takes nothing with it, so no byte is lost. One reader at a time.
 */
export class ByteInbox {
  #chunks: Uint8Array[] = [];
  #bytes = 0;
  #closed: TransportClosed | null = null;
  #wakeReader: (() => void) | null = null;
  #wakeSender: PromiseWithResolvers<void> | null = null;

  /** Takes bytes in; their memory must not be used again by the sender. */
  push(bytes: Uint8Array) {
    if (this.#closed || bytes.length === 0) return;
    this.#chunks.push(bytes);
    this.#bytes += bytes.length;
    this.#wakeReader?.();
  }

  /** Resolves when there is room (at once, as a rule), so that a babbling peer costs bounded memory. */
  room(): Promise<void> {
    if (this.#closed || this.#bytes < FULL_BYTES) return Promise.resolve();
    this.#wakeSender ??= Promise.withResolvers();
    return this.#wakeSender.promise;
  }

  /** No more bytes will come; readers still get those that did, then `reason`. The first reason stays. */
  close(reason: TransportClosed) {
    this.#closed ??= reason;
    this.#wakeReader?.();
    this.#madeRoom();
  }

  /** Why no more bytes come, or `null` while they do. */
  get closed(): TransportClosed | null {
    return this.#closed;
  }

  /** {@linkcode ByteStream.read}. */
  async read(timeoutMs: number, signal?: AbortSignal): Promise<Uint8Array | null> {
    signal?.throwIfAborted();
    if (this.#wakeReader) throw new Error("Cannot read line: another read is waiting, one reader at a time");
    if (this.#bytes === 0 && !this.#closed && timeoutMs > 0) await this.#arrival(timeoutMs, signal);
    signal?.throwIfAborted();
    if (this.#bytes > 0) return this.#takeAll();
    if (this.#closed) throw this.#closed;
    return null;
  }

  async #arrival(timeoutMs: number, signal?: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, timeoutMs);
    const giveUp = () => resolve();
    signal?.addEventListener("abort", giveUp, { once: true });
    this.#wakeReader = resolve;
    try {
      await promise;
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", giveUp);
      this.#wakeReader = null;
    }
  }

  #takeAll(): Uint8Array {
    const bytes = new Uint8Array(this.#bytes);
    let at = 0;
    for (const chunk of this.#chunks) {
      bytes.set(chunk, at);
      at += chunk.length;
    }
    this.#chunks = [];
    this.#bytes = 0;
    this.#madeRoom();
    return bytes;
  }

  #madeRoom() {
    this.#wakeSender?.resolve();
    this.#wakeSender = null;
  }
}
