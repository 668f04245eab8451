import { crc16 } from "../crypto/crc16.ts";
import { concatBytes } from "../encode_record.ts";
import { TelegramError } from "../telegram_error.ts";
import type { FrameFormat } from "./frame_format.ts";

/**
 * A whole frame in a frame format (EN 13757-4): the inverse of what receivers and `parseWirelessFrame` take away.
 *
 * @param body the frame from its C field to its last byte, without L field and CRCs.
 * @throws {TelegramError} `encode` where the L field cannot count it.
 */
export function encodeFrameFormat(format: FrameFormat, body: Uint8Array): Uint8Array<ArrayBuffer> {
  const blocks = format === "A" ? blocksOfA(body) : format === "B" ? blocksOfB(body) : [body.length + 1];
  const l = body.length + (format === "B" ? 2 * blocks.length : 0);
  if (l > 0xff || l < 9) {
    throw new TelegramError("encode", `Cannot encode frame: its L field is ${l}, allowed are 9 to 255`, 0);
  }
  const frame = concatBytes([Uint8Array.of(l), body]);
  if (format === "none") return frame;
  const parts: Uint8Array[] = [];
  let at = 0;
  for (const size of blocks) {
    const crc = crc16(frame, at, at + size);
    parts.push(frame.subarray(at, at + size), Uint8Array.of(crc >> 8, crc & 0xff));
    at += size;
  }
  return concatBytes(parts);
}

/** Ten bytes with the L field, then sixteen each. */
function blocksOfA(body: Uint8Array): number[] {
  const blocks = [10];
  for (let left = body.length - 9; left > 0; left -= 16) blocks.push(Math.min(left, 16));
  return blocks;
}

/** At most 126 bytes with the L field, then the rest. */
function blocksOfB(body: Uint8Array): number[] {
  const length = body.length + 1;
  return length <= 126 ? [length] : [126, length - 126];
}
