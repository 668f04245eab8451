import { FAULT, frameFault, judgeFrame } from "./frame.ts";
import { TelegramError } from "./telegram_error.ts";

// Parts of a long frame by their place; it is not taken to pieces, since views of bytes cost as much as many records.
const CONTROL_OFFSET = 4;
/** The A field. */
export const ADDRESS_OFFSET = 5;
/** The CI field. */
export const CI_OFFSET = 6;
/** What stands behind the CI field. */
export const DATA_OFFSET = 7;
/** Checksum and stop byte, behind the last byte of the data. */
export const TRAILER = 2;

const LONG_START = 0x68;
const ACK_LENGTH = 1;
const PRIMARY_TO_METER = 0x40;

/** How many bytes stand between the CI field and the checksum. */
export function dataLength(frame: Uint8Array): number {
  return frame.length - TRAILER - DATA_OFFSET;
}

/**
 * Makes sure that bytes are exactly one long frame, from a meter.
 *
 * @throws {TelegramError} as `parseFrame()`, `truncated`, `length`, and `unsupported` for other frames.
 */
export function checkLongFrame(frame: Uint8Array): void {
  const verdict = judgeFrame(frame, 0, frame.length);
  if (verdict < 0) {
    const missing = verdict === -1 ? "1 byte is" : `${-verdict} bytes are`;
    const message = `Cannot read frame: at least ${missing} missing (offset ${frame.length})`;
    throw new TelegramError("truncated", message, frame.length);
  }
  if (verdict >= FAULT) throw frameFault(frame, 0, verdict, 0);
  if (verdict < frame.length) {
    const left = frame.length - verdict;
    const follow = left === 1 ? "a byte follows" : `${left} bytes follow`;
    throw new TelegramError("length", `Cannot read frame: ${follow} its end (offset ${verdict})`, verdict);
  }
  if (frame[0] !== LONG_START) {
    const name = verdict === ACK_LENGTH ? "an acknowledgement (E5)" : "a short frame";
    throw new TelegramError("unsupported", `Cannot decode telegram: ${name} carries no data`, 0);
  }
  // EN 13757-2: bit 6 of the C field says that the frame goes from the master to a meter.
  if (((frame[CONTROL_OFFSET] as number) & PRIMARY_TO_METER) !== 0) {
    const message = `Cannot decode telegram: it goes from the master to a meter (offset ${CONTROL_OFFSET})`;
    throw new TelegramError("unsupported", message, CONTROL_OFFSET);
  }
}
