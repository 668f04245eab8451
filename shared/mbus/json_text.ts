const ENCODER = new TextEncoder();
const DECODER = new TextDecoder();
const DIGITS = ENCODER.encode("0123456789ABCDEF");
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const ZERO = 0x30;
const BILLION = 1_000_000_000;

/** Shorter pieces are copied byte by byte: that is faster than the call that copies longer ones. */
const SHORT = 12;

/**
 * A JSON text that grows, as UTF-8 bytes: no strings are made for what is already known as bytes or digits. It is used
 * again and again for one text after the other.
 *
 * @example
 * ```ts
 * import { decodeTelegram, fromHex, JsonText } from "@mbus-gateway/mbus";
 * const json = new JsonText();
 * decodeTelegram(fromHex("6806066808057801 1306 9F16")).writeJson(json);
 * JSON.parse(json.toString()).records[0].value; // "0.006"
 * ```
 */
export class JsonText {
  /** How many bytes the text has so far. */
  length = 0;
  #bytes: Uint8Array<ArrayBuffer>;

  /** An empty text with room for so many bytes; it grows by itself. */
  constructor(capacity = 16_384) {
    this.#bytes = new Uint8Array(capacity);
  }

  /** The text as bytes: a view that is good until the next change. */
  get bytes(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.length);
  }

  /** Forgets the text and keeps the room. */
  clear(): void {
    this.length = 0;
  }

  /** The text as a string. */
  toString(): string {
    return DECODER.decode(this.bytes);
  }

  /** Adds bytes that are JSON already. */
  raw(part: Uint8Array): void {
    const size = part.length;
    this.#reserve(size);
    const at = this.length;
    if (size > SHORT) this.#bytes.set(part, at);
    else for (let i = 0; i < size; i++) this.#bytes[at + i] = part[i] as number;
    this.length = at + size;
  }

  /** Adds a text that is JSON already. */
  rawText(text: string): void {
    this.#reserve(3 * text.length);
    this.length += ENCODER.encodeInto(text, this.#bytes.subarray(this.length)).written;
  }

  /** Adds one ASCII character. */
  character(code: number): void {
    this.#reserve(1);
    this.#bytes[this.length++] = code;
  }

  /** Adds a string of Latin-1 characters in quotes, escaped as `JSON.stringify` escapes it. */
  latin1(text: string): void {
    this.#reserve(6 * text.length + 2);
    const bytes = this.#bytes;
    let at = this.length;
    bytes[at++] = QUOTE;
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (code < 0x20 || code === QUOTE || code === BACKSLASH) {
        const escaped = JSON.stringify(text.charAt(i));
        for (let k = 1; k < escaped.length - 1; k++) bytes[at++] = escaped.charCodeAt(k);
      } else if (code < 0x80) bytes[at++] = code;
      else {
        bytes[at++] = 0xc0 | code >> 6;
        bytes[at++] = 0x80 | code & 0x3f;
      }
    }
    bytes[at++] = QUOTE;
    this.length = at;
  }

  /** Adds bytes as upper-case hex, without quotes. */
  hex(source: Uint8Array, from: number, to: number): void {
    this.#reserve(2 * (to - from));
    const bytes = this.#bytes;
    let at = this.length;
    for (let i = from; i < to; i++) {
      const byte = source[i] as number;
      bytes[at++] = DIGITS[byte >> 4] as number;
      bytes[at++] = DIGITS[byte & 0x0f] as number;
    }
    this.length = at;
  }

  /** Adds one byte as two upper-case hex digits. */
  hexByte(byte: number): void {
    this.#reserve(2);
    this.#bytes[this.length++] = DIGITS[byte >> 4] as number;
    this.#bytes[this.length++] = DIGITS[byte & 0x0f] as number;
  }

  /** Adds an integer of at most 2^53 - 1 in size. */
  integer(value: number): void {
    if (value < 0) this.character(0x2d);
    this.#reserve(16);
    const size = value < 0 ? -value : value;
    this.#digits(size, digitCount(size));
  }

  /**
   * Adds coefficient × 10^exponent in its one canonical form, without quotes, as `decimalText()` writes it.
   *
   * @param coefficient an integer of at most 2^53 - 1 in size.
   */
  decimal(coefficient: number, exponent: number): void {
    // == because -0 is zero, too
    if (coefficient == 0) return this.character(ZERO);
    let size = coefficient < 0 ? -coefficient : coefficient;
    if (coefficient < 0) this.character(0x2d);
    while (exponent < 0 && size % 10 === 0) {
      size /= 10;
      exponent++;
    }
    const digits = digitCount(size);
    this.#reserve(24 + (exponent < 0 ? -exponent : exponent));
    const point = digits + exponent;
    if (exponent >= 0) {
      this.#digits(size, digits);
      for (let i = 0; i < exponent; i++) this.#bytes[this.length++] = ZERO;
    } else if (point > 0) {
      const start = this.length;
      this.#digits(size, digits);
      this.#bytes.copyWithin(start + point + 1, start + point, start + digits);
      this.#bytes[start + point] = 0x2e;
      this.length++;
    } else {
      this.#bytes[this.length++] = ZERO;
      this.#bytes[this.length++] = 0x2e;
      for (let i = point; i < 0; i++) this.#bytes[this.length++] = ZERO;
      this.#digits(size, digits);
    }
  }

  #digits(size: number, count: number): void {
    const bytes = this.#bytes;
    const end = this.length + count;
    let at = end;
    if (size >= BILLION) {
      const high = Math.floor(size / BILLION);
      let low = size - high * BILLION;
      for (let i = 0; i < 9; i++) {
        const tenth = low / 10 | 0;
        bytes[--at] = ZERO + low - 10 * tenth;
        low = tenth;
      }
      size = high;
    }
    let rest = size | 0;
    while (at > this.length) {
      const tenth = rest / 10 | 0;
      bytes[--at] = ZERO + rest - 10 * tenth;
      rest = tenth;
    }
    this.length = end;
  }

  #reserve(count: number): void {
    const needed = this.length + count;
    if (needed <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, 2 * this.#bytes.length));
    grown.set(this.bytes);
    this.#bytes = grown;
  }
}

/** Texts as UTF-8, encoded once. */
export function jsonTexts<Name extends string>(texts: Record<Name, string>): Record<Name, Uint8Array> {
  const encoded = Object.entries<string>(texts).map(([name, text]) => [name, ENCODER.encode(text)] as const);
  return Object.fromEntries(encoded) as Record<Name, Uint8Array>;
}

/** How many decimal digits an integer from 0 to 2^53 - 1 has. */
function digitCount(size: number): number {
  if (size >= BILLION) return 9 + digitCount(Math.floor(size / BILLION));
  if (size < 10_000) return size < 100 ? size < 10 ? 1 : 2 : size < 1_000 ? 3 : 4;
  if (size < 1_000_000) return size < 100_000 ? 5 : 6;
  return size < 10_000_000 ? 7 : size < 100_000_000 ? 8 : 9;
}
