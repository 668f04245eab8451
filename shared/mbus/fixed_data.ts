import { DataRecord } from "./data_record.ts";
import { LAYOUT } from "./record_layout.ts";
import { RecordShape } from "./record_shape.ts";
import { TelegramBytes } from "./telegram_bytes.ts";
import { BCD_ERROR, readBcd, readInteger } from "./read_number.ts";
import { NO_MEANING, ValueMeaning } from "./value_meaning.ts";

/**
 * Units of the fixed data structure (EN 1434-3, table "Physical units"): first code, number of codes, quantity, unit,
 * power of ten for the first; each code after it is ten times as much.
 */
const FIXED_UNITS:
  readonly (readonly [first: number, count: number, quantity: string, unit: string, exponent: number])[] = [
    [0x02, 9, "energy", "Wh", 0],
    [0x0b, 9, "energy", "J", 3],
    [0x14, 9, "power", "W", 0],
    [0x1d, 9, "power", "J/h", 3],
    [0x26, 9, "volume", "m3", -6],
    [0x2f, 9, "volume_flow", "m3/h", -6],
    [0x38, 1, "temperature", "°C", -3],
    [0x39, 1, "heat_cost_allocation", "HCA", 0],
    [0x3f, 1, "dimensionless", "", 0],
  ];

/** Counter 2 has the unit of counter 1, and is a stored value of it. */
const SAME_BUT_HISTORIC = 0x3e;

const MEANINGS = new Array<ValueMeaning | undefined>(64).fill(undefined);
for (const [first, count, quantity, unit, exponent] of FIXED_UNITS) {
  for (let i = 0; i < count; i++) {
    const fields = { ...NO_MEANING, quantity, unit, exponent: exponent + i };
    MEANINGS[first + i] = new ValueMeaning(fields, "combinable", false);
  }
}

/** Device types of the fixed structure that the variable one numbers otherwise ("mode 2" is the order of bytes). */
const MEDIA = [0, 1, 2, 3, 4, 5, 6, 7, 8, 15, 3, 4, 6, 7, 8, 15];

/** Identification, access number, status, two unit bytes and two counters. */
export const FIXED_DATA_LENGTH = 16;

const STATUS = 5;
const UNITS = 6;
const COUNTERS = 8;
const BINARY = 0x01;
const STORED = 0x02;

/** The device type: two bits of it on top of each unit byte, the low ones first (EN 1434-3). */
export function fixedDeviceType(bytes: Uint8Array, start: number): number {
  const first = bytes[start + UNITS] as number;
  const second = bytes[start + UNITS + 1] as number;
  return MEDIA[first >> 6 | second >> 4 & 0x0c] as number;
}

/**
 * The two counters of the fixed data structure (EN 1434-3; CI 73 with 16 bytes). A record's `vib` is its unit byte.
 *
 * @param start where the identification begins.
 */
export function readFixedData(bytes: Uint8Array, start: number): DataRecord[] {
  const status = bytes[start + STATUS] as number;
  const first = (bytes[start + UNITS] as number) & 0x3f;
  const second = (bytes[start + UNITS + 1] as number) & 0x3f;
  const historic = second === SAME_BUT_HISTORIC;
  const stored = (status & STORED) === 0 ? 0 : 1;
  // Two counters of one kind would otherwise have one address.
  const subunit = second === first ? 1 : 0;
  const source = new TelegramBytes(bytes, bytes);
  return [
    counter(source, start, 0, first, stored, 0, status),
    counter(source, start, 1, historic ? first : second, historic ? 1 : stored, subunit, status),
  ];
}

function counter(
  source: TelegramBytes,
  start: number,
  place: 0 | 1,
  unit: number,
  storage: number,
  subunit: number,
  status: number,
) {
  const bytes = source.wire;
  const unitByte = start + UNITS + place;
  const data = start + COUNTERS + 4 * place;
  const value = (status & BINARY) === 0 ? readBcd(bytes, data, 4) : readInteger(bytes, data, 4, false);
  const meaning = MEANINGS[unit] ?? unknownUnit(unit);
  const missing = typeof value === "string";
  const problem = value === BCD_ERROR ? "Cannot state value: its BCD has digits that are no decimal digits" : null;
  const shape = new RecordShape(bytes, unitByte, unitByte, unitByte + 1, 0, storage, 0, subunit, meaning, null, false);
  const layout = missing ? LAYOUT.noNumber : LAYOUT.integer;
  return new DataRecord(source, unitByte, data, data + 4, shape, layout, missing ? 0 : value, problem);
}

function unknownUnit(code: number): ValueMeaning {
  const hex = code.toString(16).toUpperCase().padStart(2, "0");
  const error = `Cannot interpret value: unit ${hex} of the fixed structure is no number's unit`;
  const fields = { ...NO_MEANING, modifiers: [`unit_${hex.toLowerCase()}`], error };
  return new ValueMeaning(fields, "combinable", false);
}
