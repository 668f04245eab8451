import { DATA_FIELDS, FUNCTIONS, type ValueFunction } from "./data_field_kind.ts";
import { encodeBcd, encodeInteger } from "./encode_integer.ts";
import { encodeLocalTime, type LocalTimeType } from "./encode_local_time.ts";
import { fromHex } from "./hex.ts";
import { TelegramError } from "./telegram_error.ts";

/**
 * How the value is to be written: a data field of the standard (`int24`, `bcd8`, …), a date or time type, `text` (LVAR,
 * at most 191 Latin-1 characters), or LVAR with BCD (`lvar_bcd`) or a binary integer (`lvar_int`) of the fewest bytes,
 * with a floating point number (`float64`), or with bytes as they are (`lvar_bytes`: at most 191 where the VIB stands for
 * a container or a profile; any VIB takes 16, 20, 24, 28, 32, 48 or 64).
 */
export type FieldToEncode =
  | "none"
  | "int8"
  | "int16"
  | "int24"
  | "int32"
  | "int48"
  | "int64"
  | "float32"
  | "bcd2"
  | "bcd4"
  | "bcd6"
  | "bcd8"
  | "bcd12"
  | "text"
  | "lvar_bcd"
  | "lvar_int"
  | "lvar_bytes"
  | "float64"
  | LocalTimeType;

/** One data record as a meter would send it. */
export interface RecordToEncode {
  /** By default `instantaneous`. */
  function?: ValueFunction;
  /** 0 to 2^41 - 1, by default 0. */
  storageNumber?: number;
  /** 0 to 2^20 - 1, by default 0. */
  tariff?: number;
  /** 0 to 1023, by default 0. */
  subunit?: number;
  /** How the value is written. */
  field: FieldToEncode;
  /** The whole value information block, as bytes or hex: "13" for litres, "FD48" for tenths of a volt. */
  vib: string | Uint8Array;
  /**
   * An exact integer as it stands in the meter's register (before the VIB scales it); a float for `float32` and
   * `float64`; a text; bytes in wire order as hex for `lvar_bytes`; a local date or time in ISO 8601. null is "no value" (integers 80…00, BCD and dates all bits set).
   */
  value: number | bigint | string | null;
}

/** The types of annex A travel in the integer data field of their width. */
const FIELD_OF_TIME = { typeG: "int16", typeF: "int32", typeI: "int48", typeJ: "int24" } as const;

const CODE_OF_FIELD = new Map<string, number>(DATA_FIELDS.map(([code, name]) => [name, code]));
const WIDTH_OF_FIELD = new Map<string, number>(DATA_FIELDS.map(([, name, width]) => [name, width]));

/**
 * The bytes of one record: DIB, VIB, data.
 *
 * @throws {TelegramError} `encode` when a number does not fit, or value and field do not go together.
 *
 * @example
 * ```ts
 * import { encodeRecord, toHex } from "@mbus-gateway/mbus";
 * toHex(encodeRecord({ field: "bcd8", vib: "13", value: 54321 })); // "0C1321430500"
 * ```
 */
export function encodeRecord(record: RecordToEncode): Uint8Array<ArrayBuffer> {
  const vib = typeof record.vib === "string" ? fromHex(record.vib) : record.vib;
  if (vib.length === 0) throw new TelegramError("encode", "Cannot encode record: its VIB is empty", 0);
  return concatBytes([encodeDib(record), vib, encodeData(record)]);
}

/** EN 13757-3: the DIF carries one bit of the storage number, each DIFE 4 of it, 2 of the tariff, 1 of the subunit. */
function encodeDib(record: RecordToEncode): Uint8Array {
  const code = CODE_OF_FIELD.get(carrier(record.field));
  if (code === undefined) {
    throw new TelegramError("encode", `Cannot encode record: there is no field "${record.field}"`, 0);
  }
  const storageNumber = expectNumber("storageNumber", record.storageNumber, 2 ** 41);
  let tariff = expectNumber("tariff", record.tariff, 2 ** 20);
  let subunit = expectNumber("subunit", record.subunit, 2 ** 10);
  const bytes = [code | FUNCTIONS.indexOf(record.function ?? "instantaneous") << 4 | storageNumber % 2 << 6];
  let storage = Math.floor(storageNumber / 2);
  while (storage > 0 || tariff > 0 || subunit > 0) {
    bytes[bytes.length - 1] = (bytes[bytes.length - 1] as number) | 0x80;
    bytes.push(storage % 16 | tariff % 4 << 4 | subunit % 2 << 6);
    storage = Math.floor(storage / 16);
    tariff >>= 2;
    subunit >>= 1;
  }
  return new Uint8Array(bytes);
}

function encodeData(record: RecordToEncode): Uint8Array {
  const { field, value } = record;
  if (field === "none") return new Uint8Array(0);
  if (field === "typeG" || field === "typeF" || field === "typeI" || field === "typeJ") {
    if (value === null || typeof value === "string") return encodeLocalTime(field, value);
    return mismatch(record);
  }
  if (field === "text") {
    if (value === null || typeof value === "string") return encodeText(value ?? "");
    return mismatch(record);
  }
  if (field === "lvar_bytes") return typeof value === "string" ? encodeLvarBytes(fromHex(value)) : mismatch(record);
  if (typeof value === "string") return mismatch(record);
  if (field === "float32") return encodeFloat(value);
  if (field === "float64") return encodeDouble(value);
  if (field === "lvar_bcd" || field === "lvar_int") {
    if (value === null) return mismatch(record);
    return field === "lvar_bcd" ? encodeLvarBcd(value) : encodeLvarInteger(value);
  }
  const width = WIDTH_OF_FIELD.get(field) ?? 0;
  return field.startsWith("bcd") ? encodeBcd(value, width) : encodeInteger(value, width);
}

const VARIABLE_FIELDS = new Set<FieldToEncode>(["text", "lvar_bcd", "lvar_int", "lvar_bytes", "float64"]);

function carrier(field: FieldToEncode): string {
  if (field === "typeG" || field === "typeF" || field === "typeI" || field === "typeJ") return FIELD_OF_TIME[field];
  return VARIABLE_FIELDS.has(field) ? "lvar" : field;
}

/** LVAR 00 to BF: that many Latin-1 characters, the last one first. */
function encodeText(text: string): Uint8Array {
  if (text.length > 0xbf) {
    throw new TelegramError("encode", `Cannot encode text: it has ${text.length} characters, allowed are 191`, 0);
  }
  const bytes = new Uint8Array(text.length + 1);
  bytes[0] = text.length;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 0xff) {
      throw new TelegramError("encode", `Cannot encode text: "${text.charAt(i)}" is not in Latin-1`, 0);
    }
    bytes[text.length - i] = code;
  }
  return bytes;
}

function encodeFloat(value: number | bigint | null): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setFloat32(0, value === null ? NaN : Number(value), true);
  return bytes;
}

/** LVAR F8: a floating point number of eight bytes. */
function encodeDouble(value: number | bigint | null): Uint8Array {
  const bytes = new Uint8Array(9);
  bytes[0] = 0xf8;
  new DataView(bytes.buffer).setFloat64(1, value === null ? NaN : Number(value), true);
  return bytes;
}

/** LVAR F0 to F6, by the number of bytes. */
const LONG_LVARS = new Map([[16, 0xf0], [20, 0xf1], [24, 0xf2], [28, 0xf3], [32, 0xf4], [48, 0xf5], [64, 0xf6]]);

/** LVAR F0 to F6 where there is one for that number of bytes, else 00 to BF. */
function encodeLvarBytes(bytes: Uint8Array): Uint8Array {
  const lvar = LONG_LVARS.get(bytes.length) ?? bytes.length;
  if (bytes.length > 0xbf) {
    throw new TelegramError("encode", `Cannot encode bytes: they are ${bytes.length}, allowed are 191`, 0);
  }
  return concatBytes([Uint8Array.of(lvar), bytes]);
}

/** LVAR C0 to C9 positive, D0 to D9 negative: that many bytes of BCD. */
function encodeLvarBcd(value: number | bigint): Uint8Array {
  const magnitude = value < 0 ? -BigInt(value) : BigInt(value);
  const width = Math.ceil(magnitude.toString().length / 2);
  if (width > 9) throw new TelegramError("encode", `Cannot encode BCD: ${value} has more than 18 digits`, 0);
  return concatBytes([new Uint8Array([(value < 0 ? 0xd0 : 0xc0) + width]), encodeBcd(magnitude, width)]);
}

/** LVAR E0 to EF: that many bytes of two's complement. */
function encodeLvarInteger(value: number | bigint): Uint8Array {
  const number = BigInt(value);
  let width = 1;
  while (width < 15 && BigInt.asIntN(8 * width, number) !== number) width++;
  return concatBytes([new Uint8Array([0xe0 + width]), encodeInteger(number, width)]);
}

function expectNumber(name: string, value: number | undefined, limit: number): number {
  if (value === undefined) return 0;
  if (Number.isInteger(value) && value >= 0 && value < limit) return value;
  throw new TelegramError("encode", `Cannot encode record: ${name} is ${value}, allowed are 0 to ${limit - 1}`, 0);
}

function mismatch(record: RecordToEncode): never {
  const { field, value } = record;
  throw new TelegramError("encode", `Cannot encode record: ${String(value)} does not go with the field ${field}`, 0);
}

/** All parts in one array. */
export function concatBytes(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
