import { TelegramError } from "./telegram_error.ts";

/** A single character E5: "understood" (EN 13757-2). */
export interface AckFrame {
  /** Tells the kinds of frames apart. */
  type: "ack";
}

/** Five bytes 10 C A checksum 16: a request without data. */
export interface ShortFrame {
  /** Tells the kinds of frames apart. */
  type: "short";
  /** The C field: direction, FCB, FCV and function. */
  control: number;
  /** The A field, the primary address. */
  address: number;
}

/** A long frame whose user data is the CI field alone. */
export interface ControlFrame {
  /** Tells the kinds of frames apart. */
  type: "control";
  /** The C field. */
  control: number;
  /** The A field. */
  address: number;
  /** The CI field. */
  ci: number;
}

/** 68 L L 68 C A CI data checksum 16. */
export interface LongFrame {
  /** Tells the kinds of frames apart. */
  type: "long";
  /** The C field. */
  control: number;
  /** The A field. */
  address: number;
  /** The CI field: what the data is. */
  ci: number;
  /** What stands after the CI field, before the checksum: 1 to 252 bytes, a view of the bytes handed over. */
  data: Uint8Array;
}

/** A link layer frame of the wired M-Bus, format class FT 1.2 (EN 13757-2). */
export type Frame = AckFrame | ShortFrame | ControlFrame | LongFrame;

/** A whole frame and the number of bytes that it took, or how many more bytes are needed at least. */
export type ParsedFrame = { frame: Frame; length: number } | { needs: number };

const ACK = 0xe5;
const SHORT_START = 0x10;
const LONG_START = 0x68;
const STOP = 0x16;

/**
 * Reads one frame from the beginning of `bytes`. It does no input or output: whoever reads the port, a file or a
 * test's array calls it again with more bytes as long as it answers `needs`. Bytes after the frame are the caller's.
 * Each byte is judged as soon as it is there, so a wrong beginning is not waited for.
 *
 * @throws {TelegramError} `start` (no frame begins so), `length` (the two length bytes differ or are below 3),
 * `checksum` or `stop`; the offset is that of the byte at fault.
 *
 * @example
 * ```ts
 * import { parseFrame } from "@mbus-gateway/mbus";
 * parseFrame(new Uint8Array([0x10, 0x5b, 0x05])); // { needs: 2 }
 * parseFrame(new Uint8Array([0xe5])); // { frame: { type: "ack" }, length: 1 }
 * ```
 */
export function parseFrame(bytes: Uint8Array): ParsedFrame {
  if (bytes.length === 0) return { needs: 1 };
  const start = bytes[0] as number;
  if (start === LONG_START) return parseLong(bytes);
  if (start === SHORT_START) return parseShort(bytes);
  if (start === ACK) return { frame: { type: "ack" }, length: 1 };
  throw new TelegramError("start", `Cannot read frame: no frame starts with ${hexByte(start)} (offset 0)`, 0);
}

function parseShort(bytes: Uint8Array): ParsedFrame {
  if (bytes.length >= 4) expectChecksum(bytes, 1, 3);
  if (bytes.length >= 5) expectStop(bytes, 4);
  if (bytes.length < 5) return { needs: 5 - bytes.length };
  return { frame: { type: "short", control: bytes[1] as number, address: bytes[2] as number }, length: 5 };
}

function parseLong(bytes: Uint8Array): ParsedFrame {
  const available = bytes.length;
  if (available < 2) return { needs: 8 };
  const userData = bytes[1] as number;
  // L counts C, A and CI at least (EN 13757-2, 5.5).
  if (userData < 3) {
    throw new TelegramError("length", `Cannot read frame: length ${userData} is below 3 (offset 1)`, 1);
  }
  if (available > 2 && bytes[2] !== userData) {
    const second = bytes[2] as number;
    throw new TelegramError("length", `Cannot read frame: the lengths ${userData} and ${second} differ (offset 2)`, 2);
  }
  if (available > 3 && bytes[3] !== LONG_START) {
    const found = hexByte(bytes[3] as number);
    throw new TelegramError("start", `Cannot read frame: second start is ${found}, not 0x68 (offset 3)`, 3);
  }
  const length = userData + 6;
  if (available >= length - 1) expectChecksum(bytes, 4, length - 2);
  if (available < length) return { needs: length - available };
  expectStop(bytes, length - 1);
  const control = bytes[4] as number;
  const address = bytes[5] as number;
  const ci = bytes[6] as number;
  if (userData === 3) return { frame: { type: "control", control, address, ci }, length };
  return { frame: { type: "long", control, address, ci, data: bytes.subarray(7, length - 2) }, length };
}

function expectChecksum(bytes: Uint8Array, from: number, at: number): void {
  const sum = checksum(bytes, from, at);
  if (bytes[at] === sum) return;
  const found = hexByte(bytes[at] as number);
  const message = `Cannot read frame: checksum is ${found}, bytes sum to ${hexByte(sum)} (offset ${at})`;
  throw new TelegramError("checksum", message, at);
}

function expectStop(bytes: Uint8Array, at: number): void {
  if (bytes[at] === STOP) return;
  const found = hexByte(bytes[at] as number);
  throw new TelegramError("stop", `Cannot read frame: stop is ${found}, not 0x16 (offset ${at})`, at);
}

/** The arithmetic sum of C, A, CI and data without carry (EN 13757-2, 5.5). */
function checksum(bytes: Uint8Array, from: number, to: number): number {
  let sum = 0;
  for (let i = from; i < to; i++) sum += bytes[i] as number;
  return sum & 0xff;
}

/**
 * The bytes of a frame, start to stop.
 *
 * @throws {TelegramError} `encode` when a field is no byte or the data is empty or longer than 252 bytes.
 *
 * @example
 * ```ts
 * import { encodeFrame } from "@mbus-gateway/mbus";
 * encodeFrame({ type: "short", control: 0x40, address: 5 }); // 10 40 05 45 16
 * ```
 */
export function encodeFrame(frame: Frame): Uint8Array<ArrayBuffer> {
  if (frame.type === "ack") return new Uint8Array([ACK]);
  expectByte(frame.control, "control");
  expectByte(frame.address, "address");
  if (frame.type === "short") {
    const bytes = new Uint8Array([SHORT_START, frame.control, frame.address, 0, STOP]);
    bytes[3] = checksum(bytes, 1, 3);
    return bytes;
  }
  expectByte(frame.ci, "ci");
  const data = frame.type === "long" ? frame.data : new Uint8Array(0);
  if (frame.type === "long" && (data.length === 0 || data.length > 252)) {
    throw new TelegramError("encode", `Cannot encode frame: data is ${data.length} bytes, allowed are 1 to 252`, 0);
  }
  const userData = data.length + 3;
  const bytes = new Uint8Array(userData + 6);
  bytes.set([LONG_START, userData, userData, LONG_START, frame.control, frame.address, frame.ci]);
  bytes.set(data, 7);
  bytes[userData + 4] = checksum(bytes, 4, userData + 4);
  bytes[userData + 5] = STOP;
  return bytes;
}

function expectByte(value: number, name: string): void {
  if (Number.isInteger(value) && value >= 0 && value <= 255) return;
  throw new TelegramError("encode", `Cannot encode frame: ${name} is ${value}, not a byte (0 to 255)`, 0);
}

function hexByte(value: number): string {
  return `0x${value.toString(16).toUpperCase().padStart(2, "0")}`;
}
