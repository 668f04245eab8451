import { parseWirelessFrame, TelegramError } from "@mbus-gateway/mbus";
import type { ReceiverMessage } from "./receiver_protocol.ts";

/** How a receiver hands CRCs on: those of a frame format, none, or whatever the frame itself tells. */
export type HandedOn = "A" | "B" | "none" | "any";

const LINK_HEADER = 10;
/** What the L field of format B counts of CRCs, in a frame of one part and of two. */
const COUNTED_CRCS = [2, 4];

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
  if (handedOn === "none" || isStrippedFormatB(received)) return withLength(received);
  const { format, ci, payload } = parseWirelessFrame(received);
  if (handedOn !== "any" && format !== handedOn) {
    throw new TelegramError("crc", `Cannot read frame: it has not the CRCs of format ${handedOn}`, received.length);
  }
  if (format === "none") return received.slice();
  const header = received.subarray(0, LINK_HEADER);
  return withLength(Uint8Array.from(ci === null ? header : [...header, ci, ...payload]));
}

/** The receiver took the CRCs of format B away and left the L field, which counts them, as it was. */
function isStrippedFormatB(received: Uint8Array): boolean {
  return COUNTED_CRCS.includes((received[0] as number) + 1 - received.length);
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
