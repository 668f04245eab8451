import { TelegramError, type TelegramErrorCode } from "../telegram_error.ts";
import { type FrameFormat, LINK_HEADER, receivedOffset, stripCrcs } from "./frame_format.ts";
import {
  addressAt,
  type AddressPlace,
  type KeyLookup,
  LINK_ADDRESS,
  type MeterAddress,
  meterName,
} from "./meter_address.ts";

/**
 * One frame on its way through the layers. Each layer moves `at` behind its own fields; what it decrypts replaces the
 * cipher text, so that every later offset is that of the frame without CRCs.
 */
export class Passage {
  /** How CRCs stood in the frame that was received. */
  readonly format: FrameFormat;
  /** The frame without CRCs, decrypted as far as the layers have come. */
  bytes: Uint8Array;
  /** The CI field of the next layer. */
  at = LINK_HEADER;
  /** Behind the last byte. */
  end: number;
  /** Where the meter's own address stands: the link layer's, until a long header names another. */
  address: AddressPlace = LINK_ADDRESS;
  /** Where the access number stands that a layer had; -1 as long as none had. */
  accessNumber = -1;
  /** Where the status byte stands; -1 without one. */
  status = -1;
  /** The name of the mode that something was decrypted with. */
  encryption: string | null = null;

  private owned = false;

  constructor(received: Uint8Array, private readonly keys: KeyLookup | undefined) {
    const { format, bytes } = stripCrcs(received);
    this.format = format;
    this.bytes = bytes;
    this.end = bytes.length;
  }

  /** The meter that the telegram is from. */
  get meter(): MeterAddress {
    return addressAt(this.bytes, this.address);
  }

  /** Ends with an error at an offset of the frame without CRCs; it is told as one of the frame received. */
  fail(code: TelegramErrorCode, problem: string, at: number): never {
    const offset = receivedOffset(this.format, at);
    throw new TelegramError(code, `Cannot decode telegram: ${problem} (offset ${offset})`, offset);
  }

  /** Makes sure that a layer's fields are there, and moves behind them. */
  take(count: number, what: string): number {
    const start = this.at;
    if (start + count > this.end) {
      this.fail("truncated", `${what} needs ${count} bytes, ${this.end - start} are there`, this.end);
    }
    this.at = start + count;
    return start;
  }

  /** The next layer's CI field. */
  takeCi(): number {
    return this.bytes[this.take(1, "a CI field")] as number;
  }

  /** A number of two bytes, least significant first. */
  uint16(at: number): number {
    return (this.bytes[at] as number) | (this.bytes[at + 1] as number) << 8;
  }

  /** The key of the meter, null where none is known. */
  key(): Uint8Array | null {
    const key = this.keys?.(this.meter) ?? null;
    if (key !== null && key.length !== 16) {
      this.fail("key_wrong", `the key of ${meterName(this.meter)} has ${key.length} bytes, AES-128 needs 16`, this.at);
    }
    return key;
  }

  /** Ends with the error that no key is known. */
  failWithoutKey(mode: string): never {
    this.fail(
      "key_missing",
      `${meterName(this.meter)} encrypts its data (${mode}) and no key is known for it`,
      this.at,
    );
  }

  /** Puts clear bytes in the place of encrypted ones; the bytes that were received stay as they are. */
  replace(start: number, clear: Uint8Array, mode: string): void {
    if (!this.owned) this.bytes = this.bytes.slice();
    this.owned = true;
    this.bytes.set(clear, start);
    this.encryption = mode;
  }
}
