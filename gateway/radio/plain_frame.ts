import { parseWirelessFrame, TelegramError } from "@mbus-gateway/mbus";
import type { ReceiverMessage } from "./receiver_protocol.ts";

/**
 * How a receiver hands CRCs on: those of a frame format; none, and the L field is not to be relied on; none of format B,
 * whose L field may still count them; or whatever the frame itself tells.
 */
export type HandedOn = "A" | "B" | "none" | "strippedB" | "any";

const LINK_HEADER = 10;
/** Format B has one CRC in a frame of so many bytes, in a longer one two. */
const ONE_PART_B = 128;

/**
 * A frame without its CRCs, its L field counting what is there: the same bytes whatever receiver heard it, so that a
 * server knows a telegram again which two gateways heard.
 *
 * @throws {TelegramError} `crc`, `length`, `truncated`.
 */
export function plainFrame(received: Uint8Array, handedOn: HandedOn = "any"): Uint8Array {
  if (received.length < LINK_HEADER) {
    const message = `Cannot read frame: ${received.length} bytes are no frame, which has ${LINK_HEADER} at least`;
    throw new TelegramError("truncated", message, received.length);
  }
  if (handedOn === "none" || handedOn === "strippedB" && countsCrcs(received)) return withLength(received);
  const { format, ci, payload } = parseWirelessFrame(received);
  if ((handedOn === "A" || handedOn === "B") && format !== handedOn) {
    throw new TelegramError("crc", `Cannot read frame: it has not the CRCs of format ${handedOn}`, received.length);
  }
  if (format === "none") return received.slice();
  const header = received.subarray(0, LINK_HEADER);
  return withLength(Uint8Array.from(ci === null ? header : [...header, ci, ...payload]));
}

function countsCrcs(received: Uint8Array): boolean {
  const whole = (received[0] as number) + 1;
  return whole - received.length === (whole <= ONE_PART_B ? 2 : 4);
}

function withLength(frame: Uint8Array): Uint8Array {
  const plain = frame.slice();
  plain[0] = frame.length - 1;
  return plain;
}

/** What a receiver heard, or why it cannot be used. */
export function heardFrame(received: Uint8Array, handedOn: HandedOn, rssi: number | null): ReceiverMessage {
  try {
    return { type: "telegram", frame: plainFrame(received, handedOn), rssi };
  } catch (thrown) {
    if (!(thrown instanceof TelegramError)) throw thrown;
    return { type: "spoilt", problem: thrown.message };
  }
}

/** The frame that hexadecimal digits are, or null. */
export function bytesOfHex(digits: string): Uint8Array | null {
  return /^(?:[0-9A-Fa-f]{2})+$/.test(digits) ? Uint8Array.fromHex(digits) : null;
}
