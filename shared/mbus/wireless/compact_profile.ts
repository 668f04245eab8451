import type { DataRecord } from "../data_record.ts";
import { DATA_FIELDS } from "../data_field_kind.ts";
import { concatBytes } from "../encode_record.ts";
import { isInvalidInteger, readBcd, readInteger } from "../read_number.ts";
import { readVariableData } from "../variable_data.ts";
import { profileTimes } from "./compact_profile_time.ts";

/**
 * VIFEs of compact profiles and the direction in which their values stand (EN 13757-3, annex F): 1 from the base value
 * to later ones, -1 to earlier ones.
 */
const PROFILES = new Map<number, 1 | -1>([[0x13, -1], [0x1e, 1], [0x1f, 1]]);

/** The bits of the spacing control byte that say what a value of the profile is. */
const ABSOLUTE = 0;
const INCREMENTS = 1;
const DECREMENTS = 2;

const INT64 = 0x07;
const WIDTHS = new Map<number, number>(DATA_FIELDS.map(([code, , width]) => [code, width]));

/** Bytes with the records of profiles behind them, and all records: each profile's own follow it. */
export interface ExpandedProfiles {
  /** The telegram, and behind it the records that the profiles unfold into, as if they had been sent one by one. */
  bytes: Uint8Array;
  /** In wire order. */
  records: readonly DataRecord[];
}

/**
 * Unfolds compact profiles: one record that holds a series of values at even distances becomes, beside itself, a record
 * for every value, with the storage numbers that follow its own; and, where the base time is in the telegram, a record
 * with its date and time. A profile that cannot be unfolded stays the one record that it is.
 *
 * @param end behind the last byte of the telegram.
 */
export function expandCompactProfiles(
  bytes: Uint8Array,
  end: number,
  records: readonly DataRecord[],
): ExpandedProfiles {
  const unfolded = records.map((record) => unfold(bytes, record, records));
  if (unfolded.every((parts) => parts.length === 0)) return { bytes, records };
  const extended = concatBytes([bytes.subarray(0, end), ...unfolded.flat()]);
  let at = end;
  const all = records.flatMap((record, place) => {
    const length = unfolded[place]?.reduce((sum, part) => sum + part.length, 0) ?? 0;
    at += length;
    return [record, ...readVariableData(extended, at - length, at).records];
  });
  return { bytes: extended, records: all };
}

/** The records of one profile, encoded; none for a record that is no profile. */
function unfold(bytes: Uint8Array, profile: DataRecord, records: readonly DataRecord[]): Uint8Array[] {
  if (profile.kind !== "bytes" || profile.error !== null) return [];
  const { vib: vibStart, field, data, end } = profile.place;
  const split = splitVib(bytes.subarray(vibStart, field));
  if (split === null || end - data < 2) return [];
  const { vib, direction } = split;
  const control = bytes[data] as number;
  const spacing = bytes[data + 1] as number;
  const size = control & 0x0f;
  const width = WIDTHS.get(size) ?? 0;
  // Spacing 0 is an array, whose elements are not apart in time.
  if (width <= 0 || spacing === 0) return [];
  const values = elements(bytes, data + 2, end, width);
  const mode = control >> 6;
  const encoded = mode === ABSOLUTE
    ? values.map((at, i) => concatBytes([dibOf(profile, size, i + 1), vib, bytes.subarray(at, at + width)]))
    : accumulate(bytes, profile, records, { vib, mode, size, width, direction, values });
  const times = profileTimes(profile, records, direction, control >> 4 & 3, spacing, encoded.length);
  return encoded.flatMap((value, i) => {
    const time = times[i];
    return time === undefined ? [value] : [time, value];
  });
}

/** The VIB without the profile's VIFE; null where there is none. */
function splitVib(vib: Uint8Array): { vib: Uint8Array; direction: 1 | -1 } | null {
  const first = vib[0] === 0xfb || vib[0] === 0xfd ? 2 : 1;
  for (let at = first; at < vib.length; at++) {
    const direction = PROFILES.get((vib[at] as number) & 0x7f);
    if (direction === undefined) continue;
    const rest = concatBytes([vib.subarray(0, at), vib.subarray(at + 1)]);
    const last = rest.length - 1;
    rest[last] = (rest[last] as number) & 0x7f;
    return { vib: rest, direction };
  }
  return null;
}

/** Where each value begins. */
function elements(bytes: Uint8Array, start: number, end: number, width: number): number[] {
  const count = Math.floor((Math.min(end, bytes.length) - start) / width);
  return Array.from({ length: count }, (_, i) => start + i * width);
}

interface Differences {
  vib: Uint8Array;
  mode: number;
  size: number;
  width: number;
  direction: 1 | -1;
  values: readonly number[];
}

/** Differences count from the base value: the record with the same storage number, tariff, subunit and VIB. */
function accumulate(
  bytes: Uint8Array,
  profile: DataRecord,
  records: readonly DataRecord[],
  { vib, mode, size, width, direction, values }: Differences,
): Uint8Array[] {
  const base = records.find((record) =>
    record.storageNumber === profile.storageNumber && record.tariff === profile.tariff &&
    record.subunit === profile.subunit && record.function === profile.function && sameBytes(bytes, record, vib)
  );
  if (base === undefined) return [];
  const { offset, data, end } = base.place;
  let register = registerAt(bytes, data, end - data, (bytes[offset] as number) & 0x0f, false);
  const result: Uint8Array[] = [];
  for (const at of values) {
    // An invalid difference leaves every value behind it unknown.
    const difference = registerAt(bytes, at, width, size, mode === INCREMENTS || mode === DECREMENTS);
    if (register === null || difference === null) break;
    register += (mode === DECREMENTS ? -difference : difference) * BigInt(direction);
    const data = new Uint8Array(8);
    new DataView(data.buffer).setBigInt64(0, register, true);
    result.push(concatBytes([dibOf(profile, INT64, result.length + 1), vib, data]));
  }
  return result;
}

function sameBytes(bytes: Uint8Array, { place }: DataRecord, vib: Uint8Array): boolean {
  return place.field - place.vib === vib.length && vib.every((byte, i) => bytes[place.vib + i] === byte);
}

const BCD = new Set([0x9, 0xa, 0xb, 0xc, 0xe]);
const INTEGERS = new Set([0x1, 0x2, 0x3, 0x4, 0x6, 0x7]);

/** The integer in a data field, null where it is invalid or no integer. */
function registerAt(bytes: Uint8Array, at: number, width: number, size: number, unsigned: boolean): bigint | null {
  if (BCD.has(size)) {
    const value = readBcd(bytes, at, width);
    return typeof value === "string" ? null : BigInt(value);
  }
  if (!INTEGERS.has(size)) return null;
  const full = unsigned && bytes.subarray(at, at + width).every((byte) => byte === 0xff);
  if (full || !unsigned && isInvalidInteger(bytes, at, width)) return null;
  return BigInt(readInteger(bytes, at, width, unsigned));
}

const FUNCTION_BITS = { instantaneous: 0x00, maximum: 0x10, minimum: 0x20, error: 0x30 };

/** A DIB like the profile's, `steps` storage numbers further on. */
export function dibOf(profile: DataRecord, size: number, steps: number): Uint8Array {
  const storageNumber = profile.storageNumber + steps;
  const dib = [size | FUNCTION_BITS[profile.function] | (storageNumber % 2) << 6];
  let storage = Math.floor(storageNumber / 2);
  let { tariff, subunit } = profile;
  while (storage > 0 || tariff > 0 || subunit > 0) {
    dib[dib.length - 1] = (dib.at(-1) as number) | 0x80;
    dib.push(storage % 16 | tariff % 4 << 4 | subunit % 2 << 6);
    storage = Math.floor(storage / 16);
    tariff = Math.floor(tariff / 4);
    subunit = Math.floor(subunit / 2);
  }
  return Uint8Array.from(dib);
}
