import { hexOfByte } from "./hex.ts";
import { TelegramError } from "./telegram_error.ts";

/**
 * The identification number of a meter as eight digits, leading zeros kept. It is BCD by the standard; real meters send
 * hex digits too, and they stay what they are.
 *
 * @param at where its four bytes begin, least significant byte first.
 *
 * @example
 * ```ts
 * import { identificationText } from "@mbus-gateway/mbus";
 * identificationText(new Uint8Array([0x3e, 0x02, 0x00, 0x05]), 0); // "0500023E"
 * ```
 */
export function identificationText(bytes: Uint8Array, at: number): string {
  return hexOfByte(bytes[at + 3] as number) + hexOfByte(bytes[at + 2] as number) +
    hexOfByte(bytes[at + 1] as number) + hexOfByte(bytes[at] as number);
}

/**
 * The inverse of {@linkcode identificationText}: four bytes, least significant first.
 *
 * @throws {TelegramError} `encode` unless it is one to eight hex digits.
 *
 * @example
 * ```ts
 * import { identificationBytes } from "@mbus-gateway/mbus";
 * identificationBytes("12345678"); // Uint8Array [0x78, 0x56, 0x34, 0x12]
 * ```
 */
export function identificationBytes(text: string): Uint8Array<ArrayBuffer> {
  if (!/^[0-9A-Fa-f]{1,8}$/.test(text)) {
    throw new TelegramError("encode", `Cannot encode identification: "${text}" is not one to eight hex digits`, 0);
  }
  const number = parseInt(text, 16);
  return new Uint8Array([number & 0xff, number >>> 8 & 0xff, number >>> 16 & 0xff, number >>> 24]);
}
