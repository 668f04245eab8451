import { TelegramError } from "../telegram_error.ts";
import { type FrameFormat, lengthOfFormatA, LINK_HEADER, stripCrcs } from "./frame_format.ts";
import { addressAt, LINK_ADDRESS, type MeterAddress } from "./meter_address.ts";

/** The link layer of a wireless frame (EN 13757-4). */
export interface WirelessFrame extends MeterAddress {
  /** How CRCs stood in it. */
  format: FrameFormat;
  /** The C field: what the frame is for; 44 is a reading that expects no answer. */
  control: number;
  /** The CI field: which layer comes next; null where the frame ends behind its address. */
  ci: number | null;
  /** What stands behind the CI field, without CRCs. */
  payload: Uint8Array;
}

/**
 * Reads the link layer of one whole wireless frame, from its L field: with the CRCs of format A or B, or without any as
 * receivers hand it on. The bytes themselves tell which.
 *
 * @throws {TelegramError} `truncated` (bytes are missing), `length` (the L field fits nothing) or `crc`.
 *
 * @example
 * ```ts
 * import { fromHex } from "@mbus-gateway/mbus";
 * import { parseWirelessFrame } from "./mod.ts";
 * const { manufacturer, ci } = parseWirelessFrame(fromHex("0E442D2C785634121B16780413E803"));
 * console.log(manufacturer, ci); // KAM 120
 * ```
 */
export function parseWirelessFrame(bytes: Uint8Array): WirelessFrame {
  const { format, bytes: stripped } = stripCrcs(bytes);
  const ci = stripped[LINK_HEADER] ?? null;
  const control = stripped[1] as number;
  return { format, control, ...addressAt(stripped, LINK_ADDRESS), ci, payload: stripped.subarray(LINK_HEADER + 1) };
}

/** EN 13757-4, table "C field": what goes to a meter carries no reading. */
const TO_METER = new Map<number, string>([
  [0x40, "SND-NKE"],
  [0x43, "SND-UD2"],
  [0x53, "SND-UD"],
  [0x73, "SND-UD"],
  [0x5a, "REQ-UD1"],
  [0x7a, "REQ-UD1"],
  [0x5b, "REQ-UD2"],
  [0x7b, "REQ-UD2"],
  [0x06, "CNF-IR"],
]);

/** SND-NR, SND-IR, ACC-NR, ACC-DMD, and RSP-UD with any ACD and DFC bits. */
const FROM_METER = new Set<number>([0x44, 0x46, 0x47, 0x48, 0x08, 0x18, 0x28, 0x38]);

/** 1 for each C field that wireless frames have. */
const WIRELESS_CONTROLS = new Uint8Array(256);
for (const control of [...FROM_METER, ...TO_METER.keys()]) WIRELESS_CONTROLS[control] = 1;

/**
 * Whether bytes are a wireless frame rather than a wired one. Wired frames have the length twice and 68 twice; a
 * wireless frame may begin with 68 too, but then its length and its C field fit.
 */
export function isWirelessFrame(bytes: Uint8Array): boolean {
  const l = bytes[0] ?? 0;
  const control = bytes[1] ?? 0;
  if (l < LINK_HEADER || WIRELESS_CONTROLS[control] !== 1) return false;
  if (l === 0x68) {
    if (bytes[2] === control && bytes[3] === 0x68) return false;
    return bytes.length === l + 1 || bytes.length === lengthOfFormatA(l);
  }
  // An acknowledgement with noise behind it, a short frame of five bytes
  if (l === 0xe5 || l === 0x10) return bytes.length === l + 1 || bytes.length === lengthOfFormatA(l);
  return true;
}

/** @throws {TelegramError} `unsupported` where the C field says that the frame goes to a meter. */
export function refuseFrameToMeter(stripped: Uint8Array): void {
  const name = TO_METER.get(stripped[1] as number);
  if (name === undefined) return;
  throw new TelegramError("unsupported", `Cannot decode telegram: it goes to a meter (${name})`, 1);
}
