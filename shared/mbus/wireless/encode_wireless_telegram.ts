import { cryptCtr, encryptCbc, ZERO_BLOCK } from "../crypto/aes.ts";
import { crc16 } from "../crypto/crc16.ts";
import { concatBytes, encodeRecord, type RecordToEncode } from "../encode_record.ts";
import { identificationBytes } from "../identification.ts";
import { manufacturerCode } from "../manufacturer.ts";
import { TelegramError } from "../telegram_error.ts";
import { encodeFrameFormat } from "./encode_frame_format.ts";
import type { FrameFormat } from "./frame_format.ts";
import type { MeterAddress } from "./meter_address.ts";
import { authenticationCode, deriveKey } from "./security.ts";

/** The extended link layer of a telegram. */
export interface ExtendedLinkLayerToEncode {
  /** The communication control field, by default 0. */
  control?: number;
  /** Counts telegrams, by default 0. */
  accessNumber?: number;
  /** The receiver's address: then it is ELL III or IV. */
  receiver?: MeterAddress;
  /** The session number without its encryption bits: then it is ELL II or IV. */
  session?: number;
  /** Encrypts everything behind this layer; needs a session number. */
  key?: Uint8Array;
}

/** How a telegram's payload is encrypted by the transport layer. */
export type SecurityToEncode =
  | { mode: 5; key: Uint8Array }
  | { mode: 7; key: Uint8Array; /** 0 to 2^32 - 1. */ messageCounter: number };

/** What a meter says in one wireless telegram. */
export interface WirelessTelegramToEncode extends MeterAddress {
  /** By default "none": as receivers hand it on. */
  format?: FrameFormat;
  /** The C field, by default 44: a reading that expects no answer. */
  control?: number;
  /** The radio adapter that speaks for the meter; needs a long header, which then has the meter's own address. */
  adapter?: MeterAddress;
  /** By default there is none. */
  extendedLinkLayer?: ExtendedLinkLayerToEncode;
  /** The transport layer's header, by default "short". */
  header?: "none" | "short" | "long";
  /** Counts telegrams, by default 0. */
  accessNumber?: number;
  /** The status byte, by default 0. */
  status?: number;
  /** By default the payload is clear. */
  security?: SecurityToEncode;
  /** In wire order. */
  records?: readonly RecordToEncode[];
  /** Records behind the encrypted blocks. */
  clearRecords?: readonly RecordToEncode[];
  /** Manufacturer data behind 0F. */
  manufacturerData?: Uint8Array;
  /** Sends the compact frame instead of the full one. */
  compact?: boolean;
  /** A maker's own payload behind this CI field (A0 to B7), instead of records. */
  payload?: { ci: number; data: Uint8Array };
}

/**
 * A whole wireless telegram as a receiver hands it on: the inverse of `decodeWirelessTelegram`.
 *
 * @throws {TelegramError} `encode` when a value does not fit its field.
 *
 * @example
 * ```ts
 * import { toHex } from "@mbus-gateway/mbus";
 * import { encodeWirelessTelegram } from "./mod.ts";
 * const meter = { manufacturer: "KAM", identification: "12345678", version: 27, deviceTypeCode: 22 };
 * toHex(encodeWirelessTelegram({ ...meter, header: "none", records: [{ field: "int32", vib: "13", value: 1000 }] }));
 * // "10442D2C785634121B16780413E8030000"
 * ```
 */
export function encodeWirelessTelegram(telegram: WirelessTelegramToEncode): Uint8Array<ArrayBuffer> {
  const message = encodeMessage(telegram);
  const { security } = telegram;
  const parts = security?.mode === 7 ? [encodeFragmentationLayer(telegram, security, message), message] : [message];
  const upper = encodeExtendedLinkLayer(telegram, concatBytes(parts));
  const link = [Uint8Array.of(telegram.control ?? 0x44), linkAddress(telegram), upper];
  return encodeFrameFormat(telegram.format ?? "none", concatBytes(link));
}

/** Manufacturer, identification, version, device type: the order of the link layer and of all ciphers. */
function addressToBytes({ manufacturer, identification, version, deviceTypeCode }: MeterAddress): Uint8Array {
  const code = manufacturerCode(manufacturer);
  const id = identificationBytes(identification);
  return Uint8Array.of(code & 0xff, code >> 8, ...id, version, deviceTypeCode);
}

function linkAddress(telegram: WirelessTelegramToEncode): Uint8Array {
  return addressToBytes(telegram.adapter ?? telegram);
}

/** CI field, header and payload of the transport layer, encrypted. */
function encodeMessage(telegram: WirelessTelegramToEncode): Uint8Array<ArrayBuffer> {
  const { payload, security } = telegram;
  if (payload !== undefined) return concatBytes([Uint8Array.of(payload.ci), payload.data]);
  const header = telegram.header ?? "short";
  if (header === "none" && security !== undefined) {
    throw new TelegramError("encode", "Cannot encode telegram: without a header nothing says that it is encrypted", 0);
  }
  const codes = telegram.compact ? { none: 0x79, short: 0x7b, long: 0x73 } : { none: 0x78, short: 0x7a, long: 0x72 };
  const data = encodeData(telegram);
  const clear = concatBytes((telegram.clearRecords ?? []).map(encodeRecord));
  const encrypted = security === undefined ? data : encrypt(telegram, security, padded(data));
  const parts: Uint8Array[] = [Uint8Array.of(codes[header])];
  if (header === "long") {
    const address = addressToBytes(telegram);
    parts.push(address.subarray(2, 6), address.subarray(0, 2), address.subarray(6));
  }
  if (header !== "none") parts.push(encodeConfiguration(telegram, security === undefined ? 0 : encrypted.length / 16));
  return concatBytes([...parts, encrypted, clear]);
}

function encodeData(telegram: WirelessTelegramToEncode): Uint8Array<ArrayBuffer> {
  const { manufacturerData, compact } = telegram;
  const records = telegram.records ?? [];
  const tail = manufacturerData === undefined ? [] : [Uint8Array.of(0x0f), manufacturerData];
  const encoded = records.map(encodeRecord);
  const full = concatBytes([...encoded, ...tail]);
  if (!compact) return full;
  // What stands before a value is what a record without its data would be.
  const heads = records.map((record) => headLength(record));
  const format = concatBytes([...encoded.map((bytes, i) => bytes.subarray(0, heads[i])), ...tail.slice(0, 1)]);
  const values = concatBytes([...encoded.map((bytes, i) => bytes.subarray(heads[i])), ...tail.slice(1)]);
  return concatBytes([littleEndian(crc16(format), 2), littleEndian(crc16(full), 2), values]);
}

function headLength(record: RecordToEncode): number {
  const { vib } = record;
  const dib = encodeRecord({ ...record, vib: Uint8Array.of(0x13), field: "none", value: null }).length - 1;
  return dib + (typeof vib === "string" ? vib.replaceAll(/\s/g, "").length / 2 : vib.length);
}

/** Two fillers that prove the key, and fillers to the end of the last block. */
function padded(data: Uint8Array): Uint8Array {
  const blocks = Math.ceil((data.length + 2) / 16);
  if (blocks > 15) throw new TelegramError("encode", `Cannot encode telegram: ${blocks} blocks, allowed are 15`, 0);
  const whole = new Uint8Array(blocks * 16).fill(0x2f);
  whole.set(data, 2);
  return whole;
}

function encrypt(telegram: WirelessTelegramToEncode, security: SecurityToEncode, data: Uint8Array): Uint8Array {
  const address = addressToBytes(telegram);
  if (security.mode === 5) {
    const vector = new Uint8Array(16).fill(telegram.accessNumber ?? 0);
    vector.set(address);
    return encryptCbc(security.key, vector, data);
  }
  const counter = littleEndian(security.messageCounter, 4);
  return encryptCbc(deriveKey(security.key, 0, counter, address.subarray(2, 6)), ZERO_BLOCK, data);
}

function encodeConfiguration({ accessNumber, status, security }: WirelessTelegramToEncode, blocks: number): Uint8Array {
  const header = [accessNumber ?? 0, status ?? 0, blocks << 4, security?.mode ?? 0];
  return Uint8Array.from(security?.mode === 7 ? [...header, 0x10] : header);
}

/** Message control (a counter, a code of 8 bytes), message counter, authentication code. */
function encodeFragmentationLayer(
  telegram: WirelessTelegramToEncode,
  security: SecurityToEncode & { mode: 7 },
  message: Uint8Array,
): Uint8Array {
  const messageCounter = littleEndian(security.messageCounter, 4);
  const layer = {
    fragment: 0,
    moreFragments: false,
    messageControl: 0x25,
    messageCounter,
    mac: null,
    messageLength: null,
  };
  const key = deriveKey(security.key, 1, messageCounter, addressToBytes(telegram).subarray(2, 6));
  const mac = authenticationCode(key, layer, message).subarray(0, 8);
  return concatBytes([Uint8Array.of(0x90, 15, 0x00, 0x2c, layer.messageControl), messageCounter, mac]);
}

function encodeExtendedLinkLayer(telegram: WirelessTelegramToEncode, upper: Uint8Array): Uint8Array {
  const layer = telegram.extendedLinkLayer;
  if (layer === undefined) return upper;
  const { control = 0, accessNumber = 0, receiver, session, key } = layer;
  const ci = 0x8c + (session === undefined ? 0 : 1) + (receiver === undefined ? 0 : 2);
  const head: Uint8Array[] = [Uint8Array.of(ci, control, accessNumber)];
  if (receiver !== undefined) head.push(addressToBytes(receiver));
  if (session === undefined) return concatBytes([...head, upper]);
  const sessionNumber = littleEndian(session % 2 ** 29 + (key === undefined ? 0 : 2 ** 29), 4);
  const payload = concatBytes([littleEndian(crc16(upper), 2), upper]);
  const vector = new Uint8Array(16);
  vector.set(linkAddress(telegram));
  vector[8] = control & ~0x12;
  vector.set(sessionNumber, 9);
  return concatBytes([...head, sessionNumber, key === undefined ? payload : cryptCtr(key, vector, payload)]);
}

function littleEndian(value: number, width: number): Uint8Array {
  return Uint8Array.from({ length: width }, (_, place) => Math.floor(value / 256 ** place) & 0xff);
}
