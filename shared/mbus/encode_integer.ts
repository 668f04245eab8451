import { TelegramError } from "./telegram_error.ts";

/**
 * A two's complement integer, least significant byte first. Values from the most negative signed to the greatest
 * unsigned one of that width fit, since flag words are unsigned.
 *
 * @param value null is the standard's "invalid": 80…00.
 * @throws {TelegramError} `encode` when the value does not fit.
 */
export function encodeInteger(value: number | bigint | null, width: number): Uint8Array<ArrayBuffer> {
  const bits = BigInt(8 * width);
  const number = value === null ? -(1n << (bits - 1n)) : toBigInt(value);
  if (number < -(1n << (bits - 1n)) || number >= 1n << bits) {
    throw new TelegramError("encode", `Cannot encode integer: ${number} does not fit in ${width} bytes`, 0);
  }
  const bytes = new Uint8Array(width);
  let rest = BigInt.asUintN(8 * width, number);
  for (let i = 0; i < width; i++, rest >>= 8n) bytes[i] = Number(rest & 0xffn);
  return bytes;
}

/**
 * BCD, least significant byte first; a minus is the digit F on top (EN 13757-3, annex A, type A).
 *
 * @param value null is "no value": all digits F.
 * @throws {TelegramError} `encode` when the value has too many digits (a minus takes one).
 */
export function encodeBcd(value: number | bigint | null, width: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(width);
  if (value === null) return bytes.fill(0xff);
  const number = toBigInt(value);
  const digits = (number < 0n ? -number : number).toString();
  const room = 2 * width - (number < 0n ? 1 : 0);
  if (digits.length > room) {
    throw new TelegramError("encode", `Cannot encode BCD: ${number} does not fit in ${2 * width} digits`, 0);
  }
  const padded = (number < 0n ? "F" : "") + digits.padStart(room, "0");
  for (let i = 0; i < width; i++) {
    const at = 2 * (width - 1 - i);
    bytes[i] = parseInt(padded.slice(at, at + 2), 16);
  }
  return bytes;
}

function toBigInt(value: number | bigint): bigint {
  if (typeof value === "bigint") return value;
  if (Number.isSafeInteger(value)) return BigInt(value);
  throw new TelegramError("encode", `Cannot encode value: ${value} is no exact integer, hand over a bigint`, 0);
}
