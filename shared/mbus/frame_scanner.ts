import { FAULT, type Frame, frameAt, frameFault, judgeFrame } from "./frame.ts";
import { TelegramError } from "./telegram_error.ts";

/** A valid frame in a stream. */
export interface ScannedFrame {
  /** Tells it from what was skipped. */
  type: "frame";
  /** Where it begins, counted from the first byte of the stream. */
  offset: number;
  /** What it says. */
  frame: Frame;
  /** The whole frame, start to stop: what `decodeTelegram()` takes. */
  bytes: Uint8Array<ArrayBuffer>;
}

/** Bytes of a stream that belong to no valid frame. */
export interface SkippedBytes {
  /** Tells them from a frame. */
  type: "skipped";
  /** Where they begin, counted from the first byte of the stream. */
  offset: number;
  /** How many they are. */
  length: number;
  /** Why no frame begins at the first of them; its offset is one of the stream. */
  error: TelegramError;
}

const ACK = 0xe5;
const LONGEST_FRAME = 261;

/**
 * Finds the frames in a dirty stream: a recorded line, noise, collisions, frames that were cut off or damaged. It does no
 * input or output. The bytes may come in any pieces, even one at a time: the result is the same, in the same order.
 *
 * A frame counts where its lengths, checksum and stop are right. After a fault the search goes on at the very next byte,
 * so a good frame that begins within a damaged one is found. An E5 is one byte without a checksum: it counts as an
 * acknowledgement only at the beginning of the stream or directly behind a frame. At most one frame's bytes are kept.
 *
 * @example
 * ```ts
 * import { FrameScanner, fromHex } from "@mbus-gateway/mbus";
 * const scanner = new FrameScanner();
 * const found = [...scanner.push(fromHex("FF0068 105B056016")), ...scanner.end()];
 * found.map(({ type, offset }) => `${type} ${offset}`); // ["skipped 0", "frame 3"]
 * ```
 */
export class FrameScanner {
  /** How many bytes have been judged as beginnings of a frame; what the work is measured by. */
  judged = 0;

  #buffer = new Uint8Array(2 * LONGEST_FRAME);
  #start = 0;
  #end = 0;
  /** The offset in the stream of the byte at `#start`. */
  #offset = 0;
  #skipped: SkippedBytes | null = null;

  /** Takes the next bytes of the stream, and answers what is certain now. */
  push(bytes: Uint8Array): (ScannedFrame | SkippedBytes)[] {
    const found: (ScannedFrame | SkippedBytes)[] = [];
    for (let taken = 0; taken < bytes.length;) {
      if (this.#end === this.#buffer.length) this.#moveToFront();
      const count = Math.min(bytes.length - taken, this.#buffer.length - this.#end);
      this.#buffer.set(bytes.subarray(taken, taken + count), this.#end);
      this.#end += count;
      taken += count;
      this.#scan(found, false);
    }
    return found;
  }

  /** Says that no more bytes come: a frame that has begun is none. The scanner can then be used for another stream. */
  end(): (ScannedFrame | SkippedBytes)[] {
    const found: (ScannedFrame | SkippedBytes)[] = [];
    this.#scan(found, true);
    if (this.#skipped !== null) found.push(this.#skipped);
    this.#skipped = null;
    this.#offset = 0;
    return found;
  }

  #scan(found: (ScannedFrame | SkippedBytes)[], ended: boolean): void {
    while (this.#start < this.#end) {
      const verdict = judgeFrame(this.#buffer, this.#start, this.#end);
      if (verdict < 0 && !ended) return;
      this.judged++;
      const isFrame = verdict > 0 && verdict < FAULT;
      if (!isFrame || this.#skipped !== null && this.#buffer[this.#start] === ACK) this.#skip(verdict);
      else this.#take(found, verdict);
    }
  }

  #take(found: (ScannedFrame | SkippedBytes)[], length: number): void {
    if (this.#skipped !== null) found.push(this.#skipped);
    this.#skipped = null;
    const bytes = this.#buffer.slice(this.#start, this.#start + length);
    found.push({ type: "frame", offset: this.#offset, frame: frameAt(bytes, 0, length), bytes });
    this.#advance(length);
  }

  #skip(verdict: number): void {
    this.#skipped ??= { type: "skipped", offset: this.#offset, length: 0, error: this.#fault(verdict) };
    this.#skipped.length++;
    this.#advance(1);
  }

  #fault(verdict: number): TelegramError {
    if (verdict >= FAULT) return frameFault(this.#buffer, this.#start, verdict, this.#offset);
    const end = this.#offset + this.#end - this.#start;
    const message = `Cannot read frame: at least ${-verdict} bytes are missing (offset ${end})`;
    return new TelegramError("truncated", message, end);
  }

  #advance(count: number): void {
    this.#start += count;
    this.#offset += count;
    if (this.#start === this.#end) this.#start = this.#end = 0;
  }

  #moveToFront(): void {
    this.#buffer.copyWithin(0, this.#start, this.#end);
    this.#end -= this.#start;
    this.#start = 0;
  }
}
