import type { DataRecord } from "../data_record.ts";
import { encodeRecord } from "../encode_record.ts";

/** EN 13757-3, annex F, spacing control byte: seconds of one unit of the spacing value, by its two bits. */
const SECONDS = [1, 60, 3600, 86400];

/** Spacing values that stand for months, by the two bits of the unit: half a year, a quarter, a month. */
const MONTHS = 254;
const MONTHS_BY_UNIT = [0, 6, 3, 1];
const LARGEST_COUNT = 250;

const FIELDS = { date: "typeG", datetime: "typeF" } as const;

/**
 * The records of date or time that belong to the values of a compact profile, encoded, in the profile's order; none
 * where the telegram has no base time: the one with the profile's storage number.
 *
 * @param unit the two bits of the spacing's unit.
 * @param spacing how many units are between two values.
 */
export function profileTimes(
  { storageNumber }: DataRecord,
  records: readonly DataRecord[],
  direction: 1 | -1,
  unit: number,
  spacing: number,
  count: number,
): Uint8Array[] {
  const base = records.find((record) =>
    record.storageNumber === storageNumber && (record.kind === "date" || record.kind === "datetime") &&
    record.value !== null && (record.quantity === "date" || record.quantity === "datetime")
  );
  if (base === undefined || base.value === null) return [];
  const { value, kind, quantity } = base;
  const times: Uint8Array[] = [];
  for (let step = 1; step <= count; step++) {
    const time = shifted(value, direction * step, unit, spacing);
    const field = kind === "date" ? FIELDS.date : FIELDS.datetime;
    // The types of annex A have years of 1981 to 2080 at least.
    if (time === null || time < "1981" || time >= "2080") return [];
    const at = kind === "date" ? time.slice(0, 10) : time;
    const vib = quantity === "date" ? "6C" : "6D";
    times.push(encodeRecord({ field, vib, value: at, storageNumber: storageNumber + step }));
  }
  return times;
}

/** A local time some spacings on; null where the spacing is none of time. */
function shifted(value: string, steps: number, unit: number, spacing: number): string | null {
  const base = new Date(`${value.length > 10 ? value : `${value}T00:00:00`}Z`);
  if (spacing <= LARGEST_COUNT) {
    base.setTime(base.getTime() + 1000 * steps * spacing * (SECONDS[unit] as number));
  } else {
    const months = MONTHS_BY_UNIT[unit] as number;
    if (spacing !== MONTHS || months === 0) return null;
    shiftMonths(base, steps * months);
  }
  return Number.isFinite(base.getTime()) ? base.toISOString().slice(0, 19) : null;
}

/** The last day of a month stays the last day. */
function shiftMonths(date: Date, months: number): void {
  const day = date.getUTCDate();
  const last = day === daysOf(date);
  date.setUTCDate(1);
  date.setUTCMonth(date.getUTCMonth() + months);
  date.setUTCDate(last ? daysOf(date) : Math.min(day, daysOf(date)));
}

function daysOf(date: Date): number {
  return new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate();
}
