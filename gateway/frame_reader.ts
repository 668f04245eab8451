import { type Frame, parseFrame, TelegramError } from "@mbus-gateway/mbus";
import type { ByteStream } from "./byte_stream.ts";
import { idleMs, MAX_LINK_FRAME_BYTES, transmissionMs } from "./link_timing.ts";

/** What came of waiting for a frame. */
export type Reception =
  | {
    type: "frame";
    frame: Frame;
    /** The frame as it came, start to stop. */
    bytes: Uint8Array;
    /** How many bytes before it belonged to no frame. */
    noise: number;
  }
  | { type: "silence" }
  /** Something that is no frame; it has been read to its end, the line is idle again. */
  | { type: "garbage"; reason: string };

export interface FrameReaderOptions {
  baudRate: number;
  /**
   * The longest pause within a frame, in milliseconds. The standard allows none (EN 13757-2), but USB adapters and
   * networks deliver in pieces. Default 300 and 33 bit times.
   */
  gapMs?: number;
  /** A monotonic clock in milliseconds, the one that the line's reads wait by. Default the process's own. */
  elapsed?: () => number;
}

/** A beginning shorter than 68 L L 68 may be a stray byte, as converters make when they turn the line around. */
const CERTAIN_START_BYTES = 4;
/** More noise than two whole frames is no prelude to an answer. */
const MOST_NOISE_BYTES = 2 * MAX_LINK_FRAME_BYTES;

/**
 * Puts frames together from a line. Stray bytes before a frame are skipped. Once a frame has begun (68 L L 68), it is
 * whole or it is garbage: nothing inside it is taken for a frame, and everything up to the next idle line is dropped.
 */
export class FrameReader {
  /** {@linkcode FrameReaderOptions.elapsed}. */
  readonly elapsed: () => number;
  readonly #stream: ByteStream;
  readonly #gapMs: number;
  readonly #idleMs: number;
  readonly #longestGarbageMs: number;
  #buffer: Uint8Array = new Uint8Array(0);
  #noise = 0;
  /** When something was last heard; before the line was opened, anything may have been. */
  #heardAt: number;

  constructor(
    stream: ByteStream,
    { baudRate, gapMs = 300 + idleMs(baudRate), elapsed = () => performance.now() }: FrameReaderOptions,
  ) {
    this.#stream = stream;
    this.elapsed = elapsed;
    this.#heardAt = elapsed();
    this.#idleMs = idleMs(baudRate);
    this.#gapMs = gapMs;
    this.#longestGarbageMs = transmissionMs(MOST_NOISE_BYTES, baudRate) + gapMs;
  }

  /**
   * Waits until the line has been silent for 33 bit times, which a meter needs to tell one frame from the next
   * (EN 13757-2), and forgets everything that came until then. Bounded: a line that never falls silent is spoken on.
   *
   * @param leastMs how long the silence must last at least: adapters hand over in pieces what came together.
   * @returns how many bytes were forgotten.
   */
  async idle(signal?: AbortSignal, leastMs = 0): Promise<number> {
    const silenceMs = Math.max(this.#idleMs, leastMs);
    let forgotten = this.#buffer.length;
    this.#buffer = new Uint8Array(0);
    const until = this.elapsed() + silenceMs + this.#longestGarbageMs;
    while (this.elapsed() <= until) {
      const bytes = await this.#read(Math.max(0, this.#heardAt + silenceMs - this.elapsed()), signal);
      if (bytes !== null) forgotten += bytes.length;
      else if (this.elapsed() >= this.#heardAt + silenceMs) break;
    }
    return forgotten;
  }

  /**
   * The next frame.
   *
   * @param timeoutMs how long its first byte may take; a frame that has begun is read to its end.
   * @throws {TransportClosed} when the line is gone.
   * @throws the signal's reason when it aborts.
   */
  async next(timeoutMs: number, signal?: AbortSignal): Promise<Reception> {
    const until = this.elapsed() + timeoutMs;
    this.#noise = 0;
    while (true) {
      const found = this.#assemble();
      if (found?.type === "garbage") await this.untilSilent(signal);
      if (found) return found;
      const begun = this.#buffer.length > 0;
      const bytes = await this.#read(begun ? this.#gapMs : Math.max(0, until - this.elapsed()), signal);
      if (bytes) {
        this.#buffer = begun ? concatenate(this.#buffer, bytes) : bytes;
      } else if (this.#buffer.length >= CERTAIN_START_BYTES) {
        const reason = `the frame stopped after ${this.#buffer.length} bytes`;
        this.#buffer = new Uint8Array(0);
        return { type: "garbage", reason };
      } else if (begun) {
        this.#skip(this.#buffer.length);
      } else {
        return this.#noise === 0 ? { type: "silence" } : { type: "garbage", reason: `${this.#noise} bytes of noise` };
      }
    }
  }

  /** A frame or certain garbage at the front of the buffer; `null` when more bytes are needed. */
  #assemble(): Reception | null {
    while (this.#buffer.length > 0) {
      if (this.#noise > MOST_NOISE_BYTES) {
        return { type: "garbage", reason: `more than ${MOST_NOISE_BYTES} bytes of noise` };
      }
      try {
        const parsed = parseFrame(this.#buffer);
        if ("needs" in parsed) return null;
        const bytes = this.#buffer.slice(0, parsed.length);
        this.#buffer = this.#buffer.slice(parsed.length);
        return { type: "frame", frame: parsed.frame, bytes, noise: this.#noise };
      } catch (thrown) {
        if (!(thrown instanceof TelegramError)) throw thrown;
        if (this.#buffer[0] === 0x68 && (thrown.code === "checksum" || thrown.code === "stop")) {
          return { type: "garbage", reason: thrown.message };
        }
        this.#skip(1);
      }
    }
    return null;
  }

  #skip(bytes: number) {
    this.#noise += bytes;
    this.#buffer = this.#buffer.slice(bytes);
  }

  /**
   * Drops what comes until nothing has come for as long as a pause within a frame may last; bounded, for a line that
   * never falls silent must not hold the bus.
   */
  async untilSilent(signal?: AbortSignal) {
    this.#buffer = new Uint8Array(0);
    const until = this.elapsed() + this.#longestGarbageMs;
    while (this.elapsed() < until && (await this.#read(this.#gapMs, signal)) !== null);
  }

  /** Forgets everything that comes until a moment of {@linkcode elapsed}. */
  async forgetUntil(moment: number, signal?: AbortSignal) {
    this.#buffer = new Uint8Array(0);
    while (this.elapsed() < moment) await this.#read(moment - this.elapsed(), signal);
  }

  async #read(timeoutMs: number, signal?: AbortSignal): Promise<Uint8Array | null> {
    const bytes = await this.#stream.read(timeoutMs, signal);
    if (bytes !== null) this.#heardAt = this.elapsed();
    return bytes;
  }
}

function concatenate(a: Uint8Array, b: Uint8Array): Uint8Array {
  const joined = new Uint8Array(a.length + b.length);
  joined.set(a);
  joined.set(b, a.length);
  return joined;
}
