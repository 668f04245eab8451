import { flagsValue, registersOf, textValue } from "./fields.ts";
import type { Profile, ProfileValues } from "./profile.ts";

/** Warm, cold and other water. */
const DEVICE_TYPES = [0x06, 0x07, 0x15, 0x16];

const CODE = new Map([["FF20", "code"]]);

const STATES = ["dry", "reversed", "leaking", "bursting"];

/** How long a state lasted in the last 30 days, by its code. */
const DURATIONS = ["", "1-8 h", "9-24 h", "2-3 d", "4-7 d", "8-14 d", "15-21 d", "22-31 d"];

/** Kamstrup water meters: the information code behind VIF FF20, four states and for how long each lasted. */
export const kamstrupWater: Profile = {
  name: "kamstrup_water",
  meters: DEVICE_TYPES.map((deviceTypeCode) => ({ manufacturer: "KAM", deviceTypeCode })),
  read(source) {
    const register = registersOf(source, CODE)?.get("code");
    if (register === undefined) return null;
    const code = Number(register);
    const values: ProfileValues = { current_state: flagsValue(code & 0x0f, STATES) };
    STATES.forEach((state, place) => {
      values[`${state}_duration`] = textValue(DURATIONS[code >> 4 + 3 * place & 7] ?? "");
    });
    return values;
  },
  samples: [
    {
      telegram: "15442D2C120000101B167802FF20353C0413E8030000",
      values: {
        current_state: { value: "dry leaking", unit: "", kind: "text" },
        dry_duration: { value: "2-3 d", unit: "", kind: "text" },
        reversed_duration: { value: "", unit: "", kind: "text" },
        leaking_duration: { value: "22-31 d", unit: "", kind: "text" },
        bursting_duration: { value: "1-8 h", unit: "", kind: "text" },
      },
    },
  ],
};
