import { decimalText, multiplyExact } from "../decimal.ts";
import { dateG } from "../local_date_time.ts";
import { readInteger } from "../read_number.ts";
import type { ProfileSource, ProfileValue, ProfileValues } from "./profile.ts";

/** How the bytes of a field are to be read; integers have their least significant byte first. */
export type FieldType = "uint8" | "uint16" | "uint24" | "uint32" | "dateG";

/**
 * One field of a payload: name, unit, where it begins counted from 0, type, power of ten, and an integer that the
 * register is multiplied by.
 */
export type PayloadField = readonly [
  name: string,
  unit: string,
  at: number,
  type: FieldType,
  exponent?: number,
  factor?: number,
];

const WIDTHS: Record<FieldType, number> = { uint8: 1, uint16: 2, uint24: 3, uint32: 4, dateG: 2 };

/** The fields of a payload by name; what lies behind its end is left out. */
export function readFields(rows: readonly PayloadField[], payload: Uint8Array): ProfileValues {
  const values: ProfileValues = {};
  for (const [name, unit, at, type, exponent = 0, factor = 1] of rows) {
    if (at + WIDTHS[type] > payload.length) continue;
    values[name] = type === "dateG"
      ? { value: dateG(payload, at).text, unit, kind: "date" }
      : numberValue(readInteger(payload, at, WIDTHS[type], true), unit, exponent, factor);
  }
  return values;
}

/** An exact number in a base unit. */
export function numberValue(register: number | bigint, unit: string, exponent: number, factor = 1): ProfileValue {
  return { value: decimalText(multiplyExact(register, factor), exponent), unit, kind: "number" };
}

/** A text; several names stand in one, with blanks between them. */
export function textValue(value: string): ProfileValue {
  return { value, unit: "", kind: "text" };
}

/** The names of the bits that are set, the lowest first; "" for none. */
export function flagsValue(bits: number, names: readonly string[]): ProfileValue {
  return textValue(names.filter((_, bit) => (bits >> bit & 1) !== 0).join(" "));
}

/** The payload of the maker's own; null without any. */
export function payloadOf({ frame, manufacturerStart, manufacturerEnd }: ProfileSource): Uint8Array | null {
  return manufacturerStart < 0 ? null : frame.subarray(manufacturerStart, manufacturerEnd);
}

/**
 * The present values with these VIBs (hex), as unsigned registers, by the name that each VIB is given; null without any.
 * Every one of them must have VIFEs: records without are passed over unread.
 */
export function registersOf(
  { frame, records }: ProfileSource,
  names: ReadonlyMap<string, string>,
): Map<string, number | bigint> | null {
  let registers: Map<string, number | bigint> | null = null;
  for (const record of records) {
    if (record.modifiers.length === 0 || record.function !== "instantaneous") continue;
    const name = names.get(record.vib);
    if (name === undefined || record.storageNumber > 0 || record.tariff > 0 || record.subunit > 0) continue;
    const { data, end } = record.place;
    const width = end - data;
    if (width === 0 || width > 8 || registers?.has(name)) continue;
    registers ??= new Map();
    registers.set(name, readInteger(frame, data, width, true));
  }
  return registers;
}
