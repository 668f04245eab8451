import { AES_BLOCK } from "../crypto/aes.ts";
import { crc16 } from "../crypto/crc16.ts";
import { DATA_FIELDS } from "../data_field_kind.ts";
import type { DataRecord } from "../data_record.ts";
import { concatBytes } from "../encode_record.ts";
import { toHex } from "../hex.ts";
import { meterName } from "./meter_address.ts";
import type { Passage } from "./passage.ts";
import { PRESET_FORMATS } from "./preset_formats.ts";

/** The format of a compact frame: what stands before each of its values in a full frame. */
export interface CompactFormat {
  /** The CRC over the format's bytes, 0 to 65535: how compact frames name it. */
  signature: number;
  /** DIB and VIB of every record in wire order, and 0F or 1F where manufacturer data ends the frame. */
  format: Uint8Array;
}

/** The format's bytes that a signature names; undefined or null where they are not known. */
export type FormatLookup = (signature: number) => Uint8Array | undefined | null;

/**
 * The format of a full frame (EN 13757-3, annex G), to be kept for the compact frames of its meter.
 *
 * @param manufacturerData where the bytes behind 0F or 1F begin, -1 without such a block.
 */
export function formatOf(bytes: Uint8Array, records: readonly DataRecord[], manufacturerData: number): CompactFormat {
  const parts = records.map(({ place }) => bytes.subarray(place.offset, place.field));
  if (manufacturerData >= 0) parts.push(bytes.subarray(manufacturerData - 1, manufacturerData));
  const format = concatBytes(parts);
  return { signature: crc16(format), format };
}

const SIGNATURE = 2;
const FULL_CRC = 2;
const FILLER = 0x2f;

/**
 * Puts the full frame in the place of the compact one at which the passage stands: signature, CRC over the full frame's
 * data, then the data alone.
 */
export function expandCompactFrame(passage: Passage, formats: FormatLookup | undefined): void {
  skipProof(passage);
  const start = passage.at;
  const signature = passage.uint16(passage.take(SIGNATURE, "a compact frame's signature"));
  const stated = passage.uint16(passage.take(FULL_CRC, "a compact frame's CRC"));
  const format = formats?.(signature) ?? PRESET_FORMATS.get(signature);
  if (format == null) {
    const name = toHex(Uint8Array.of(signature >> 8, signature & 0xff));
    const problem = `${meterName(passage.meter)} sends a compact frame of format ${name}, which is not known yet`;
    passage.fail("unsupported", `${problem}: a full frame of it tells`, start);
  }
  const full = fittingFrame(passage, fullFrame(passage, format), stated);
  if (full === null) {
    passage.fail("crc", `the compact frame's CRC does not fit its data in the known format`, start + SIGNATURE);
  }
  passage.bytes = concatBytes([passage.bytes.subarray(0, start), full]);
  passage.at = start;
  passage.end = passage.bytes.length;
}

/** Behind a header there may be the two fillers that prove the key of an encrypted payload. */
function skipProof(passage: Passage): void {
  const { bytes, at, status } = passage;
  if (status >= 0 && bytes[at] === FILLER && bytes[at + 1] === FILLER) passage.at = at + 2;
}

/** Manufacturer data goes to the end, so only the CRC tells it from the fillers of the last encrypted block. */
function fittingFrame(passage: Passage, full: Uint8Array, crc: number): Uint8Array | null {
  for (let end = full.length; end > full.length - AES_BLOCK && end >= 0; end--) {
    if (crc16(full, 0, end) === crc) return full.subarray(0, end);
    if (passage.encryption === null || full[end - 1] !== FILLER) return null;
  }
  return null;
}

/** Format and data, interleaved. */
function fullFrame(passage: Passage, format: Uint8Array): Uint8Array {
  const parts: Uint8Array[] = [];
  let at = 0;
  while (at < format.length) {
    const dif = format[at] as number;
    const end = (dif & 0x0f) === 0x0f ? at + 1 : endOfBlocks(format, at);
    parts.push(format.subarray(at, end));
    at = end;
    const length = dif === 0x0f || dif === 0x1f ? passage.end - passage.at : dataLength(passage, dif);
    const from = passage.take(length, "a value of a compact frame");
    parts.push(passage.bytes.subarray(from, from + length));
  }
  const rest = passage.bytes.subarray(passage.at, passage.end);
  if (rest.some((byte) => byte !== FILLER)) {
    passage.fail("length", "the compact frame is longer than its format", passage.at);
  }
  return concatBytes(parts);
}

/** Behind the DIB and the VIB that begin at `start`. */
function endOfBlocks(format: Uint8Array, start: number): number {
  let at = start;
  while (((format[at++] ?? 0) & 0x80) !== 0);
  const vif = format[at++] ?? 0;
  if ((vif & 0x7f) === 0x7c) at += 1 + (format[at] ?? 0);
  if ((vif & 0x80) !== 0) { while (((format[at++] ?? 0) & 0x80) !== 0); }
  return at;
}

const WIDTHS = new Map<number, number>(DATA_FIELDS.map(([code, , width]) => [code, width]));

function dataLength(passage: Passage, dif: number): number {
  const width = WIDTHS.get(dif & 0x0f) ?? 0;
  return width < 0 ? 1 + lengthOfLvar(passage, passage.bytes[passage.at] ?? 0) : width;
}

/** EN 13757-3, table "LVAR": how many bytes follow the length byte. */
function lengthOfLvar(passage: Passage, lvar: number): number {
  if (lvar <= 0xbf) return lvar;
  if (lvar <= 0xc9 || lvar >= 0xd0 && lvar <= 0xd9 || lvar >= 0xe0 && lvar <= 0xef) return lvar & 0x0f;
  if (lvar >= 0xf0 && lvar <= 0xf4) return 4 * (lvar - 0xec);
  if (lvar === 0xf5) return 48;
  if (lvar === 0xf6) return 64;
  if (lvar === 0xf8) return 8;
  passage.fail("unsupported", `the standard reserves the length byte ${toHex(Uint8Array.of(lvar))}`, passage.at);
}

/**
 * The format that a format frame states (EN 13757-3, annex G): its length, its signature, then its bytes.
 *
 * @throws {TelegramError} `crc` where signature and bytes do not fit.
 */
export function readFormatFrame(passage: Passage): CompactFormat {
  skipProof(passage);
  const length = passage.bytes[passage.take(1, "a format's length")] as number;
  const at = passage.take(SIGNATURE, "a format's signature");
  const signature = passage.uint16(at);
  const from = passage.take(Math.max(length - SIGNATURE, 0), "a format");
  // Some count the signature, some do not: it proves which.
  const candidates = [passage.bytes.slice(from, from + length), passage.bytes.slice(from, passage.at)];
  const format = candidates.find((bytes) => crc16(bytes) === signature);
  if (format === undefined) passage.fail("crc", "the signature of the format does not fit its bytes", at);
  passage.at = from + format.length;
  return { signature, format };
}
