import { readInteger } from "../read_number.ts";
import { numberValue, payloadOf } from "./fields.ts";
import type { Profile, ProfileSource, ProfileValues } from "./profile.ts";

const GENERATION = 0x17;
const WARM_WATER = 0x06;
const WATER = 0x07;

const MONTHS = [
  "january",
  "february",
  "march",
  "april",
  "may",
  "june",
  "july",
  "august",
  "september",
  "october",
  "november",
  "december",
];

/** Bits of the first byte, and how many bytes each field has that it announces; its maker states no length for -1. */
const BATTERY = 0x01;
const REVERSE_VOLUME = 0x02;
const DATES = [0x04, 0x08, 0x10];
const MEMORY_DAYS = 0x60;
const HISTORY = 0x80;
const DATE_LENGTH = 3;
const MONTH_LENGTH = 3;

/**
 * B METERS Hydrodigit water meters (user manual 1.4.3, "Protocol specification"): behind 0F a byte that says which fields
 * follow, among them the reading at the end of each of the last twelve months.
 */
export const bMetersHydrodigit: Profile = {
  name: "b_meters_hydrodigit",
  meters: [WARM_WATER, WATER].map((deviceTypeCode) => ({ manufacturer: "BMT", version: GENERATION, deviceTypeCode })),
  read(source) {
    const block = payloadOf(source);
    if (block === null || block.length === 0) return null;
    const values: ProfileValues = {};
    const code = block[0] as number;
    let at = 1;
    if ((code & BATTERY) !== 0) at++;
    if ((code & REVERSE_VOLUME) !== 0) {
      if (at + 4 > block.length) return null;
      values.reverse_volume = numberValue(readInteger(block, at, 4, true), "m3", -3);
      at += 4;
    }
    for (const date of DATES) if ((code & date) !== 0) at += DATE_LENGTH;
    // How long the values of memory days are is not published, so nothing behind them can be found.
    if ((code & MEMORY_DAYS) === 0 && (code & HISTORY) !== 0) Object.assign(values, history(source, block, at));
    return values;
  },
  samples: [
    {
      telegram:
        "4944B4090800001017077A000000000C1321830000046D3B175F380F8700D2040000000000640000C800002C0100900100F40100580200BC0200200300000000000000000000148F0200",
      values: {
        reverse_volume: { value: "1.234", unit: "m3", kind: "number" },
        january_volume: { value: "1", unit: "m3", kind: "number" },
        february_volume: { value: "2", unit: "m3", kind: "number" },
        march_volume: { value: "3", unit: "m3", kind: "number" },
        april_volume: { value: "4", unit: "m3", kind: "number" },
        may_volume: { value: "5", unit: "m3", kind: "number" },
        june_volume: { value: "6", unit: "m3", kind: "number" },
        july_volume: { value: "7", unit: "m3", kind: "number" },
        august_volume: { value: "8", unit: "m3", kind: "number" },
        september_volume: { value: "0", unit: "m3", kind: "number" },
        october_volume: { value: "0", unit: "m3", kind: "number" },
        november_volume: { value: "0", unit: "m3", kind: "number" },
        december_volume: { value: "1677", unit: "m3", kind: "number" },
      },
    },
    {
      telegram:
        "3B44B4090800001017067A000000000C14218300000F80640000C800002C0100900100F40100580200BC0200200300000000000000000000148F0200",
      values: {
        january_volume: { value: "10", unit: "m3", kind: "number" },
        february_volume: { value: "20", unit: "m3", kind: "number" },
        march_volume: { value: "30", unit: "m3", kind: "number" },
        april_volume: { value: "40", unit: "m3", kind: "number" },
        may_volume: { value: "50", unit: "m3", kind: "number" },
        june_volume: { value: "60", unit: "m3", kind: "number" },
        july_volume: { value: "70", unit: "m3", kind: "number" },
        august_volume: { value: "80", unit: "m3", kind: "number" },
        september_volume: { value: "0", unit: "m3", kind: "number" },
        october_volume: { value: "0", unit: "m3", kind: "number" },
        november_volume: { value: "0", unit: "m3", kind: "number" },
        december_volume: { value: "16770", unit: "m3", kind: "number" },
      },
    },
    {
      telegram: "1A44B4090800001017067A000000000C13218300000F0201000000",
      values: {
        reverse_volume: { value: "0.001", unit: "m3", kind: "number" },
      },
    },
  ],
};

/** A month's reading has a tenth of the resolution that the present one has. */
function history({ records }: ProfileSource, block: Uint8Array, start: number): ProfileValues {
  const vib = records.find(({ dib, vib }) => dib === "0C" && /^1[3-6]$/.test(vib))?.vib;
  if (vib === undefined || start + MONTHS.length * MONTH_LENGTH > block.length) return {};
  const exponent = parseInt(vib, 16) - 0x16 + 1;
  return Object.fromEntries(MONTHS.map((month, place) => {
    const register = readInteger(block, start + place * MONTH_LENGTH, MONTH_LENGTH, true);
    return [`${month}_volume`, numberValue(register, "m3", exponent)];
  }));
}
