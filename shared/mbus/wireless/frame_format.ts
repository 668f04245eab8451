import { crc16 } from "../crypto/crc16.ts";
import { toHex } from "../hex.ts";
import { TelegramError } from "../telegram_error.ts";

/** How CRCs stand in a frame: after blocks of 16 bytes (A), at most twice (B), or removed by the receiver (none). */
export type FrameFormat = "A" | "B" | "none";

/** L, C, manufacturer, identification, version, device type: the first block. */
export const LINK_HEADER = 10;

const CRC = 2;
const BLOCK_A = 16;
/** Format B: a CRC after at most this many bytes, and another at the end of what is longer. */
const BLOCKS_B = 126;

/** A frame without its CRCs. */
export interface StrippedFrame {
  /** How they stood in it. */
  format: FrameFormat;
  /** From the L field to the end; the bytes handed over themselves where there were no CRCs. */
  bytes: Uint8Array;
}

/** How many bytes a frame of format A has by its L field, which counts neither itself nor CRCs. */
export function lengthOfFormatA(l: number): number {
  const behind = l + 1 - LINK_HEADER;
  return l + 1 + CRC * (1 + Math.ceil(Math.max(behind, 0) / BLOCK_A));
}

/**
 * Removes the CRCs of the link layer (EN 13757-4, frame formats A and B); the bytes themselves tell the format.
 *
 * @throws {TelegramError} `truncated`, `length` or `crc`.
 */
export function stripCrcs(bytes: Uint8Array): StrippedFrame {
  const l = bytes[0] ?? 0;
  if (bytes.length === 0) throw new TelegramError("truncated", "Cannot read frame: there are no bytes", 0);
  if (l < LINK_HEADER - 1) {
    const message = `Cannot read frame: length ${l} is below ${LINK_HEADER - 1}, the link layer's own fields`;
    throw new TelegramError("length", message, 0);
  }
  if (bytes.length === l + 1) return withoutCrcsOrFormatB(bytes);
  const lengthA = lengthOfFormatA(l);
  if (bytes.length === lengthA) return { format: "A", bytes: stripFormatA(bytes, l) };
  if (bytes.length <= l) {
    const message = `Cannot read frame: it has ${l + 1} bytes by its length, ${bytes.length} are there`;
    throw new TelegramError("truncated", message, bytes.length);
  }
  const message = `Cannot read frame: ${bytes.length} bytes are there, by its length it has ${l + 1}, ` +
    `or ${lengthA} with the CRCs of format A`;
  throw new TelegramError("length", message, 0);
}

/** Where the byte that stands at `at` without CRCs stood in the frame. */
export function receivedOffset(format: FrameFormat, at: number): number {
  if (format === "A" && at >= LINK_HEADER) return at + CRC * (1 + Math.floor((at - LINK_HEADER) / BLOCK_A));
  return format === "B" && at >= BLOCKS_B ? at + CRC : at;
}

/** L counts the CRCs of format B, so only they themselves tell it from a frame without CRCs. */
function withoutCrcsOrFormatB(bytes: Uint8Array): StrippedFrame {
  const end = bytes.length - CRC;
  const first = Math.min(end, BLOCKS_B);
  if (first < LINK_HEADER) return { format: "none", bytes };
  const second = first + CRC;
  const fits = crcFits(bytes, 0, first);
  if (second === bytes.length) {
    return fits ? { format: "B", bytes: bytes.subarray(0, first) } : { format: "none", bytes };
  }
  const secondFits = end > second && crcFits(bytes, second, end);
  if (!fits && !secondFits) return { format: "none", bytes };
  // One CRC of two that fits is no accident: then the other one is wrong.
  if (!fits) failCrc(bytes, 0, first);
  if (!secondFits) failCrc(bytes, second, Math.max(end, second));
  const stripped = new Uint8Array(end - CRC);
  stripped.set(bytes.subarray(0, first));
  stripped.set(bytes.subarray(second, end), first);
  return { format: "B", bytes: stripped };
}

function stripFormatA(bytes: Uint8Array, l: number): Uint8Array {
  const stripped = new Uint8Array(l + 1);
  let from = 0;
  let to = 0;
  while (to < stripped.length) {
    const size = Math.min(to === 0 ? LINK_HEADER : BLOCK_A, stripped.length - to);
    if (!crcFits(bytes, from, from + size)) failCrc(bytes, from, from + size);
    stripped.set(bytes.subarray(from, from + size), to);
    from += size + CRC;
    to += size;
  }
  return stripped;
}

/** The CRC stands behind its block, most significant byte first. */
function crcFits(bytes: Uint8Array, start: number, end: number): boolean {
  return crc16(bytes, start, end) === ((bytes[end] as number) << 8 | (bytes[end + 1] as number));
}

function failCrc(bytes: Uint8Array, start: number, end: number): never {
  const crc = crc16(bytes, start, end);
  const message = `Cannot read frame: CRC is ${toHex(bytes, end, end + CRC)}, ` +
    `the block from offset ${start} gives ${toHex(Uint8Array.of(crc >> 8, crc & 0xff))} (offset ${end})`;
  throw new TelegramError("crc", message, end);
}
