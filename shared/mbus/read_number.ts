import { narrow } from "./decimal.ts";

const FLOAT_BYTES = new Uint8Array(8);
const FLOAT_VIEW = new DataView(FLOAT_BYTES.buffer);

/**
 * A two's complement integer of 1 to 15 bytes, least significant byte first; a `bigint` only beyond 2^53.
 *
 * @param unsigned types C and D: the top bit counts.
 */
export function readInteger(bytes: Uint8Array, at: number, width: number, unsigned: boolean): number | bigint {
  switch (width) {
    case 1: {
      const value = bytes[at] as number;
      return unsigned ? value : value << 24 >> 24;
    }
    case 2: {
      const value = (bytes[at] as number) | (bytes[at + 1] as number) << 8;
      return unsigned ? value : value << 16 >> 16;
    }
    case 3: {
      const value = (bytes[at] as number) | (bytes[at + 1] as number) << 8 | (bytes[at + 2] as number) << 16;
      return unsigned ? value : value << 8 >> 8;
    }
    case 4:
      return unsigned ? low32(bytes, at) >>> 0 : low32(bytes, at);
    case 6: {
      const high = (bytes[at + 4] as number) | (bytes[at + 5] as number) << 8;
      return (unsigned ? high : high << 16 >> 16) * 0x1_0000_0000 + (low32(bytes, at) >>> 0);
    }
    case 8: {
      const high = unsigned ? low32(bytes, at + 4) >>> 0 : low32(bytes, at + 4);
      const value = high * 0x1_0000_0000 + (low32(bytes, at) >>> 0);
      return Number.isSafeInteger(value) ? value : readBigInteger(bytes, at, 8, unsigned);
    }
    default:
      return narrow(readBigInteger(bytes, at, width, unsigned));
  }
}

function low32(bytes: Uint8Array, at: number): number {
  return (bytes[at] as number) | (bytes[at + 1] as number) << 8 | (bytes[at + 2] as number) << 16 |
    (bytes[at + 3] as number) << 24;
}

function readBigInteger(bytes: Uint8Array, at: number, width: number, unsigned: boolean): bigint {
  let value = 0n;
  for (let i = width - 1; i >= 0; i--) value = value << 8n | BigInt(bytes[at + i] as number);
  return unsigned ? value : BigInt.asIntN(8 * width, value);
}

/** Whether an integer is the pattern 80…00, which the standard's type B keeps for "invalid". */
export function isInvalidInteger(bytes: Uint8Array, at: number, width: number): boolean {
  if (bytes[at + width - 1] !== 0x80) return false;
  for (let i = 0; i < width - 1; i++) if (bytes[at + i] !== 0) return false;
  return true;
}

/** IEEE 754, 4 or 8 bytes, least significant byte first. */
export function readFloat(bytes: Uint8Array, at: number, width: 4 | 8): number {
  for (let i = 0; i < width; i++) FLOAT_BYTES[i] = bytes[at + i] as number;
  return width === 4 ? FLOAT_VIEW.getFloat32(0, true) : FLOAT_VIEW.getFloat64(0, true);
}

/** What {@linkcode readBcd} answers for digits that are no number, and for "no value". */
export const BCD_ERROR = "error";
/** All digits F. */
export const BCD_NONE = "none";

const NOT_DECIMAL = 255;
const PAIRS = Uint8Array.from(
  { length: 256 },
  (_, byte) => (byte & 0x0f) > 9 || byte >> 4 > 9 ? NOT_DECIMAL : 10 * (byte >> 4) + (byte & 0x0f),
);

/**
 * BCD, least significant byte first (type A): the digit F on top is a minus, all digits F are "no value", and any other
 * digit from A to F is an error.
 */
export function readBcd(
  bytes: Uint8Array,
  at: number,
  width: number,
): number | bigint | typeof BCD_ERROR | typeof BCD_NONE {
  if (width === 0) return BCD_NONE;
  const top = bytes[at + width - 1] as number;
  let value = PAIRS[top] as number;
  const negative = value === NOT_DECIMAL && top >> 4 === 0x0f && (top & 0x0f) <= 9;
  if (negative) value = top & 0x0f;
  else if (value === NOT_DECIMAL) return allOnes(bytes, at, width) ? BCD_NONE : BCD_ERROR;
  if (width > 7) return readLongBcd(bytes, at, width, value, negative);
  for (let i = width - 2; i >= 0; i--) {
    const pair = PAIRS[bytes[at + i] as number] as number;
    if (pair === NOT_DECIMAL) return BCD_ERROR;
    value = 100 * value + pair;
  }
  return negative && value !== 0 ? -value : value;
}

function readLongBcd(bytes: Uint8Array, at: number, width: number, top: number, negative: boolean) {
  let value = BigInt(top);
  for (let i = width - 2; i >= 0; i--) {
    const pair = PAIRS[bytes[at + i] as number] as number;
    if (pair === NOT_DECIMAL) return BCD_ERROR;
    value = 100n * value + BigInt(pair);
  }
  return narrow(negative ? -value : value);
}

function allOnes(bytes: Uint8Array, at: number, width: number): boolean {
  for (let i = 0; i < width; i++) if (bytes[at + i] !== 0xff) return false;
  return true;
}
