import { flagsValue, numberValue, readFields } from "./fields.ts";
import type { MeterPattern, Profile, ProfileSource } from "./profile.ts";

/** Makers of one group who send this payload. */
const MAKERS = ["DME", "EWT", "HYD", "SAP", "SPL"];
const FIRST_CI = 0xa0;
const LAST_CI = 0xa7;

/** The keys that these meters leave the factory with, each folded to 32 bits. They are public and protect nothing. */
const FACTORY_KEYS = [0x39bc8a10 ^ 0xe66d83f8, 0x51728910 ^ 0xe66d83f8];

/** Where the scrambled bytes begin in the frame, and what their first byte is once they are clear. */
const SCRAMBLED = 15;
const FIRST_CLEAR = 0x4b;

const CURRENT_ALARMS = 12;
const WATER = 0x07;

/**
 * Diehl IZAR radio modules with the PRIOS payload (Diehl, Hydrometer, Sappel): CI A0 to A7, scrambled with a shift
 * register that the frame's own address starts.
 */
export const diehlIzar: Profile = {
  name: "diehl_izar",
  meters: MAKERS.flatMap((manufacturer): MeterPattern[] =>
    Array.from({ length: LAST_CI - FIRST_CI + 1 }, (_, i) => ({ manufacturer, ci: FIRST_CI + i }))
  ),
  read(source) {
    const { frame } = source;
    const clear = unscramble(frame);
    if (clear === null) return null;
    const [period = 0, battery = 0, alarms = 0] = frame.subarray(CURRENT_ALARMS - 1, CURRENT_ALARMS + 2);
    return {
      ...readFields([
        ["total_volume", "m3", 1, "uint32", -3],
        ["last_month_volume", "m3", 5, "uint32", -3],
        ["last_month_date", "", 9, "dateG"],
      ], clear),
      // The counts are half years, and a power of two in seconds.
      remaining_battery_lifetime: numberValue(battery & 0x1f, "year", -1, 5),
      transmission_period: numberValue(4 << (period & 0x0f), "s", 0),
      current_alarms: flagsValue(
        period >> 7 | battery >> 6 & 2 | battery >> 3 & 4 | alarms >> 4 & 8 | alarms >> 2 & 16 | alarms & 32 |
          alarms << 2 & 64 | alarms << 4 & 128 | alarms << 7 & 256,
        [
          "general",
          "leakage",
          "meter_blocked",
          "backflow",
          "underflow",
          "overflow",
          "submarine",
          "sensor_fraud",
          "mechanical_fraud",
        ],
      ),
      previous_alarms: flagsValue(battery >> 6 & 1 | alarms >> 1 & 2 | alarms << 2 & 4, [
        "leakage",
        "sensor_fraud",
        "mechanical_fraud",
      ]),
    };
  },
  address({ manufacturer, frame }) {
    // One maker keeps the standard's place for the identification and has neither version nor type.
    if (manufacturer === "SAP") {
      return { place: { manufacturer: 2, identification: 4, version: -1 }, deviceTypeCode: WATER };
    }
    return { place: { manufacturer: 2, version: 4, identification: 6 }, deviceTypeCode: frame[5] as number };
  },
  samples: [],
};

/** The clear bytes under whichever factory key gives them; null where none does. */
function unscramble(frame: Uint8Array): Uint8Array | null {
  if (frame.length <= SCRAMBLED) return null;
  for (const key of FACTORY_KEYS) {
    const clear = applyKeyStream(frame, key);
    if (clear[0] === FIRST_CLEAR) return clear;
  }
  return null;
}

/** Scrambles and unscrambles: the register starts from the key, the link layer's address and the first payload bytes. */
export function applyKeyStream(frame: Uint8Array, key: number): Uint8Array {
  let register = key ^ wordAt(frame, 2) ^ wordAt(frame, 6) ^ wordAt(frame, 10);
  const result = new Uint8Array(frame.length - SCRAMBLED);
  for (let i = 0; i < result.length; i++) {
    for (let bit = 0; bit < 8; bit++) {
      const next = (register >>> 1 ^ register >>> 2 ^ register >>> 11 ^ register >>> 31) & 1;
      register = register << 1 | next;
    }
    result[i] = (frame[SCRAMBLED + i] as number) ^ register & 0xff;
  }
  return result;
}

function wordAt(frame: Uint8Array, at: number): number {
  return (frame[at] as number) << 24 | (frame[at + 1] as number) << 16 | (frame[at + 2] as number) << 8 |
    (frame[at + 3] as number);
}
