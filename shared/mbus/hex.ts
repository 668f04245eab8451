import { TelegramError } from "./telegram_error.ts";

const PAIRS: string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).toUpperCase().padStart(2, "0"));

const SPACE = 64;
const INVALID = 255;
const DIGITS = digitTable();

/**
 * Bytes as upper-case hex without separators.
 *
 * @param from the first byte, by default 0.
 * @param to the byte after the last, by default all.
 *
 * @example
 * ```ts
 * import { toHex } from "@mbus-gateway/mbus";
 * toHex(new Uint8Array([0x0c, 0xff])); // "0CFF"
 * ```
 */
export function toHex(bytes: Uint8Array, from = 0, to: number = bytes.length): string {
  let text = "";
  for (let i = from; i < to; i++) text += PAIRS[bytes[i] as number];
  return text;
}

/** One byte as two upper-case hex digits. */
export function hexOfByte(byte: number): string {
  return PAIRS[byte] as string;
}

/**
 * The bytes that a hex text names; letters of either case, white space between bytes and digits is skipped.
 *
 * @throws {TelegramError} `hex` at the first character that is no hex digit, or at the end of an odd number of them.
 *
 * @example
 * ```ts
 * import { fromHex } from "@mbus-gateway/mbus";
 * fromHex("10 40 05 45 16"); // Uint8Array [16, 64, 5, 69, 22]
 * ```
 */
export function fromHex(text: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(text.length >> 1);
  let length = 0;
  let high = -1;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    const digit = code < 128 ? DIGITS[code] as number : INVALID;
    if (digit === SPACE) continue;
    if (digit === INVALID) {
      throw new TelegramError("hex", `Cannot read hex: "${text.charAt(i)}" is no hex digit (character ${i})`, i);
    }
    if (high < 0) high = digit;
    else {
      bytes[length++] = high << 4 | digit;
      high = -1;
    }
  }
  if (high >= 0) {
    throw new TelegramError("hex", "Cannot read hex: the number of digits is odd, one is missing", text.length);
  }
  return length === bytes.length ? bytes : bytes.slice(0, length);
}

/**
 * Reads ASCII hex digits without anything between them into `target`: the fast way for lines of nothing but hex.
 *
 * @returns how many bytes they are; -1 where something else stands among them, their number is odd or `target` too small.
 */
export function readHexDigits(text: Uint8Array, from: number, to: number, target: Uint8Array): number {
  const count = to - from >> 1;
  if ((to - from & 1) !== 0 || count > target.length) return -1;
  for (let i = 0, at = from; i < count; i++, at += 2) {
    const byte = (VALUES[text[at] as number] as number) << 4 | (VALUES[text[at + 1] as number] as number);
    if (byte < 0) return -1;
    target[i] = byte;
  }
  return count;
}

/** The value of each ASCII code as a hex digit, -1 for others: a negative digit makes a negative byte. */
const VALUES = Int16Array.from({ length: 256 }, (_, code) => {
  const digit = code < 128 ? DIGITS[code] as number : INVALID;
  return digit < 16 ? digit : -1;
});

function digitTable(): Uint8Array {
  const table = new Uint8Array(128).fill(INVALID);
  for (let i = 0; i < 10; i++) table[48 + i] = i;
  for (let i = 0; i < 6; i++) table[65 + i] = table[97 + i] = 10 + i;
  for (const space of [9, 10, 11, 12, 13, 32]) table[space] = SPACE;
  return table;
}
