import { TelegramError } from "./telegram_error.ts";

const LETTERS: string[] = Array.from({ length: 32 }, (_, code) => String.fromCharCode(64 + code));

/**
 * The three letters of a manufacturer's code: five bits a letter, "A" = 1 (EN 13757-3, and the FLAG association). Bit 15
 * is no part of it: it says that the address is not unique worldwide.
 *
 * @param code the two bytes, least significant first, as one number.
 *
 * @example
 * ```ts
 * import { manufacturerText } from "@mbus-gateway/mbus";
 * manufacturerText(0x2c2d); // "KAM"
 * ```
 */
export function manufacturerText(code: number): string {
  return (LETTERS[code >> 10 & 31] as string) + (LETTERS[code >> 5 & 31] as string) + (LETTERS[code & 31] as string);
}

/** The three letters of the code whose two bytes begin at `at`, least significant first. */
export function manufacturerAt(bytes: Uint8Array, at: number): string {
  return manufacturerText((bytes[at] as number) | (bytes[at + 1] as number) << 8);
}

/**
 * The inverse of {@linkcode manufacturerText}.
 *
 * @throws {TelegramError} `encode` unless it is three letters of "@" to "_".
 *
 * @example
 * ```ts
 * import { manufacturerCode } from "@mbus-gateway/mbus";
 * manufacturerCode("KAM"); // 0x2C2D
 * ```
 */
export function manufacturerCode(text: string): number {
  let code = 0;
  for (let i = 0; i < text.length; i++) {
    const letter = text.charCodeAt(i) - 64;
    if (letter < 0 || letter > 31) code = -1;
    if (code >= 0) code = code << 5 | letter;
  }
  if (text.length !== 3 || code < 0) {
    throw new TelegramError("encode", `Cannot encode manufacturer: "${text}" is not three letters such as KAM`, 0);
  }
  return code;
}
