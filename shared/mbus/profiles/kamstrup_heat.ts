import { numberValue, registersOf } from "./fields.ts";
import type { Profile, ProfileValues } from "./profile.ts";

/** Heat, its inlet, heat and cooling, cooling. */
const DEVICE_TYPES = [0x04, 0x0a, 0x0b, 0x0c, 0x0d];

/** Values behind VIF FF; older meters put them behind VIF EE. */
const NAMES = new Map([
  ["FF07", "forward_energy_register"],
  ["EEFF07", "forward_energy_register"],
  ["FF08", "return_energy_register"],
  ["EEFF08", "return_energy_register"],
  ["FF22", "information_flags"],
]);

const UNITS = new Map([["forward_energy_register", "m3·°C"], ["return_energy_register", "m3·°C"]]);

/**
 * Kamstrup heat meters: volume times flow and return temperature (registers E8 and E9), and the information code; the same on
 * a wire and by radio.
 */
export const kamstrupHeat: Profile = {
  name: "kamstrup_heat",
  meters: DEVICE_TYPES.map((deviceTypeCode) => ({ manufacturer: "KAM", deviceTypeCode })),
  read(source) {
    const registers = registersOf(source, NAMES);
    if (registers === null) return null;
    const values: ProfileValues = {};
    for (const [name, register] of registers) values[name] = numberValue(register, UNITS.get(name) ?? "", 0);
    return values;
  },
  samples: [
    {
      telegram: "2C442D2C100000103504780406D204000004FF07FFFFFFFF04FF08D007000004FF221000000044FF0705000000",
      values: {
        forward_energy_register: { value: "4294967295", unit: "m3·°C", kind: "number" },
        return_energy_register: { value: "2000", unit: "m3·°C", kind: "number" },
        information_flags: { value: "16", unit: "", kind: "number" },
      },
    },
    {
      telegram: "1A442D2C110000101C0D7804EEFF072C01000004EEFF08C8000000",
      values: {
        forward_energy_register: { value: "300", unit: "m3·°C", kind: "number" },
        return_energy_register: { value: "200", unit: "m3·°C", kind: "number" },
      },
    },
    {
      telegram: "682A2A68080172130000102D2C3504010000000406D204000004FF070000008004FF08D007000004FF2210000000B216",
      values: {
        forward_energy_register: { value: "2147483648", unit: "m3·°C", kind: "number" },
        return_energy_register: { value: "2000", unit: "m3·°C", kind: "number" },
        information_flags: { value: "16", unit: "", kind: "number" },
      },
    },
  ],
};
