import { expandTable } from "../bit_pattern.ts";
import type { DataRecord } from "../data_record.ts";
import { readBcd, readInteger } from "../read_number.ts";
import { numberValue } from "./fields.ts";
import type { Profile, ProfileSource, ProfileValue, ProfileValues } from "./profile.ts";

const ELECTRICITY = 0x02;
const MAKERS_NEXT = 0xff;
const EXTENSIONS = new Set([0xfb, 0xfd]);

/**
 * Codes behind VIF FF: pattern, name, unit, power of ten for n = 0, whether the register is signed (A43/A44 and B23/B24
 * user manuals, "VIFE codes for manufacturer specific records").
 */
const ROWS: readonly (readonly [pattern: string, name: string, unit: string, exponent: number, signed?: boolean])[] = [
  ["E001 0011", "tariff", "", 0],
  ["E001 0111", "quadrant", "", 0],
  ["E001 1000", "power_failures", "", 0],
  ["E010 0000", "current_transformer_ratio_numerator", "", 0],
  ["E010 0001", "voltage_transformer_ratio_numerator", "", 0],
  ["E010 0010", "current_transformer_ratio_denominator", "", 0],
  ["E010 0011", "voltage_transformer_ratio_denominator", "", 0],
  ["E010 0110", "error_flags", "", 0],
  ["E010 0111", "warning_flags", "", 0],
  ["E010 1000", "information_flags", "", 0],
  ["E010 1001", "alarm_flags", "", 0],
  ["E100 0nnn", "phase_angle_voltage", "°", -3, true],
  ["E100 1nnn", "phase_angle_current", "°", -3, true],
  ["E101 0nnn", "phase_angle_power", "°", -3, true],
  ["E101 1nnn", "frequency", "Hz", -3],
  ["E110 0nnn", "power_factor", "", -3, true],
];

const CODES = expandTable("abb", ROWS, ([, name, unit, exponent, signed = false], code) => {
  return { name, unit, exponent: exponent + code.letter("n"), signed };
});

/** Codes behind VIFE FF, by their number. */
const PHASES = ["", "_l1", "_l2", "_l3", "_n", "_l1_l2", "_l3_l2", "_l1_l3"];

/** The last VIFE is a record error of the standard: there is none, no data, a data error. */
const NO_ERROR = 0x00;
const ERRORS = new Set([0x15, 0x18]);

/**
 * ABB electricity meters on a wire (A and B series): the phase of a standard value stands behind VIFE FF, and values that
 * the standard lacked behind VIF FF. A value of tariff or subunit n has `_tariff_n` or `_subunit_n` in its name.
 */
export const abbElectricity: Profile = {
  name: "abb_electricity",
  meters: [{ manufacturer: "ABB", deviceTypeCode: ELECTRICITY }],
  read(source) {
    const values: ProfileValues = {};
    for (const record of source.records) {
      if (record.function !== "instantaneous" || record.storageNumber > 0) continue;
      const field = fieldOf(source, record);
      if (field !== null) values[field.name + placeOf(record)] = field.value;
    }
    return Object.keys(values).length === 0 ? null : values;
  },
  samples: [
    {
      telegram:
        "6870706808017222000010420420020100000004FDC8FF8100FD08000004FDC8FF83150000000004FDC8FF8500A40F000004FDDAFF8100F401000004A9FF8100E803000002FFE0FF8100E30302FFE00018FC02FFD200D8FF0AFFD900984901FF93000201FF98000507FFA60000000000000000803316",
      values: {
        voltage_l1: { value: "230.1", unit: "V", kind: "number" },
        voltage_l3: { value: null, unit: "V", kind: "number" },
        voltage_l1_l2: { value: "400.4", unit: "V", kind: "number" },
        current_l1: { value: "5", unit: "A", kind: "number" },
        power_l1: { value: "10", unit: "W", kind: "number" },
        power_factor_l1: { value: "0.995", unit: "", kind: "number" },
        power_factor: { value: "-1", unit: "", kind: "number" },
        phase_angle_power: { value: "-4", unit: "°", kind: "number" },
        frequency: { value: "49.98", unit: "Hz", kind: "number" },
        tariff: { value: "2", unit: "", kind: "number" },
        power_failures: { value: "5", unit: "", kind: "number" },
        error_flags: { value: "9223372036854775808", unit: "", kind: "number" },
      },
    },
    {
      telegram:
        "682E2E680801722300001042042002010000008C4084FF82005634120004FDC8FF90000100000002FFEDFF81FFF880000A00CC16",
      values: { energy_l2_subunit_1: { value: "1234560", unit: "Wh", kind: "number" } },
    },
  ],
};

function fieldOf(source: ProfileSource, record: DataRecord): { name: string; value: ProfileValue } | null {
  const { vib: start, field } = record.place;
  const vib = source.frame.subarray(start, field);
  const own = vib[0] === MAKERS_NEXT;
  // Behind the VIF: its own code, or the standard's VIFEs.
  const at = own ? 2 : vib.indexOf(MAKERS_NEXT, EXTENSIONS.has(vib[0] ?? 0) ? 2 : 1);
  if (at < 0 || own && vib.length < 2) return null;
  const tail = tailOf(vib.subarray(at));
  if (tail === null) return null;
  const { phase, failed } = tail;
  if (!own) {
    const { value, unit, kind, quantity } = record;
    return { name: quantity + phase, value: { value: failed ? null : value, unit, kind } };
  }
  const code = CODES[(vib[1] as number) & 0x7f];
  const register = code === undefined ? null : registerOf(source.frame, record, code.signed);
  if (code === undefined || register === null) return null;
  const value = numberValue(register, code.unit, code.exponent);
  return { name: code.name + phase, value: failed ? { ...value, value: null } : value };
}

/** FF with a phase, then the error; null for what is neither. */
function tailOf(vifes: Uint8Array): { phase: string; failed: boolean } | null {
  let at = 0;
  let phase = "";
  if (vifes[at] === MAKERS_NEXT) {
    const name = PHASES[(vifes[at + 1] ?? 0xff) & 0x7f];
    if (name === undefined) return null;
    phase = name;
    at += 2;
  }
  const error = vifes[at] ?? NO_ERROR;
  if (at + 1 < vifes.length || error !== NO_ERROR && !ERRORS.has(error)) return null;
  return { phase, failed: error !== NO_ERROR };
}

const LARGEST_BINARY = 0x07;

function registerOf(frame: Uint8Array, { place }: DataRecord, signed: boolean): number | bigint | null {
  const dataField = (frame[place.offset] as number) & 0x0f;
  const width = place.end - place.data;
  if (width === 0 || width > 8 || dataField === 0x05 || dataField === 0x0d) return null;
  if (dataField <= LARGEST_BINARY) return readInteger(frame, place.data, width, !signed);
  const register = readBcd(frame, place.data, width);
  return typeof register === "string" ? null : register;
}

function placeOf({ tariff, subunit }: DataRecord): string {
  return (tariff > 0 ? `_tariff_${tariff}` : "") + (subunit > 0 ? `_subunit_${subunit}` : "");
}
