import { TelegramError, type TelegramErrorCode } from "./telegram_error.ts";

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
  const verdict = judgeFrame(bytes, 0, bytes.length);
  if (verdict < 0) return { needs: -verdict };
  if (verdict >= FAULT) throw frameFault(bytes, 0, verdict, 0);
  return { frame: frameAt(bytes, 0, verdict), length: verdict };
}

const START_FAULT = 0x1000;
const SECOND_START_FAULT = 0x2000;
const LENGTH_FAULT = 0x3000;
const LENGTHS_FAULT = 0x4000;
const CHECKSUM_FAULT = 0x5000;
const STOP_FAULT = 0x6000;

/** What {@linkcode judgeFrame} answers is a fault from here on: its kind, plus the place of the byte at fault. */
export const FAULT = START_FAULT;

/**
 * Whether a frame stands in `bytes` from `from` until `to`: its length; or the number of bytes that are missing at least,
 * negative; or what is wrong with it, {@linkcode FAULT} or more.
 */
export function judgeFrame(bytes: Uint8Array, from: number, to: number): number {
  const available = to - from;
  if (available <= 0) return -1;
  const start = bytes[from];
  if (start === ACK) return 1;
  if (start === SHORT_START) {
    if (available >= 4 && bytes[from + 3] !== checksum(bytes, from + 1, from + 3)) return CHECKSUM_FAULT + 3;
    if (available < 5) return available - 5;
    return bytes[from + 4] === STOP ? 5 : STOP_FAULT + 4;
  }
  if (start !== LONG_START) return START_FAULT;
  if (available < 2) return -8;
  const userData = bytes[from + 1] as number;
  // L counts C, A and CI at least (EN 13757-2, 5.5).
  if (userData < 3) return LENGTH_FAULT + 1;
  if (available > 2 && bytes[from + 2] !== userData) return LENGTHS_FAULT + 2;
  if (available > 3 && bytes[from + 3] !== LONG_START) return SECOND_START_FAULT + 3;
  const length = userData + 6;
  const at = length - 2;
  if (available > at && bytes[from + at] !== checksum(bytes, from + 4, from + at)) return CHECKSUM_FAULT + at;
  if (available < length) return available - length;
  return bytes[from + length - 1] === STOP ? length : STOP_FAULT + length - 1;
}

/** The frame of that length that has been judged to begin at `from`. */
export function frameAt(bytes: Uint8Array, from: number, length: number): Frame {
  if (length === 1) return { type: "ack" };
  const long = bytes[from] === LONG_START;
  const at = from + (long ? 4 : 1);
  const control = bytes[at] as number;
  const address = bytes[at + 1] as number;
  if (!long) return { type: "short", control, address };
  const ci = bytes[at + 2] as number;
  if (length === 9) return { type: "control", control, address, ci };
  return { type: "long", control, address, ci, data: bytes.subarray(at + 3, from + length - 2) };
}

/**
 * The error that a fault is.
 *
 * @param from where in `bytes` the frame begins.
 * @param fault what {@linkcode judgeFrame} answered.
 * @param origin the offset that the frame's first byte has for whoever reads the message.
 */
export function frameFault(bytes: Uint8Array, from: number, fault: number, origin: number): TelegramError {
  const at = fault & 0xfff;
  const found = bytes[from + at] as number;
  const offset = origin + at;
  const error = (code: TelegramErrorCode, problem: string) =>
    new TelegramError(code, `Cannot read frame: ${problem} (offset ${offset})`, offset);
  switch (fault - at) {
    case START_FAULT:
      return error("start", `no frame starts with ${hexByte(found)}`);
    case SECOND_START_FAULT:
      return error("start", `second start is ${hexByte(found)}, not 0x68`);
    case LENGTH_FAULT:
      return error("length", `length ${found} is below 3`);
    case LENGTHS_FAULT:
      return error("length", `the lengths ${bytes[from + 1]} and ${found} differ`);
    case CHECKSUM_FAULT: {
      const sum = checksum(bytes, from + (at === 3 ? 1 : 4), from + at);
      return error("checksum", `checksum is ${hexByte(found)}, bytes sum to ${hexByte(sum)}`);
    }
    default:
      return error("stop", `stop is ${hexByte(found)}, not 0x16`);
  }
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
