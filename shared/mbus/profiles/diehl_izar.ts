import { numberValue, readFields, textValue } from "./fields.ts";
import type { MeterPattern, Profile, ProfileValue } from "./profile.ts";

/** Makers of one group who send this payload. */
const MAKERS = ["DME", "EWT", "HYD", "SAP", "SPL"];
const FIRST_CI = 0xa0;
const LAST_CI = 0xa7;

/** The keys that these meters leave the factory with, each folded to 32 bits. They are public and protect nothing. */
const FACTORY_KEYS = [0x39bc8a10 ^ 0xe66d83f8, 0x51728910 ^ 0xe66d83f8];

/** Where the scrambled bytes begin in the frame, and what their first byte is once they are clear. */
const SCRAMBLED = 15;
const FIRST_CLEAR = 0x4b;

/** Clear bytes before them: alarms stand in the other bits. */
const PERIOD = 11;
const BATTERY = 12;

/** Byte of the frame, bit in it, name. */
type Alarm = readonly [at: number, bit: number, name: string];

const CURRENT_ALARMS: readonly Alarm[] = [
  [11, 7, "general"],
  [12, 7, "leakage"],
  [12, 5, "meter_blocked"],
  [13, 7, "backflow"],
  [13, 6, "underflow"],
  [13, 5, "overflow"],
  [13, 4, "submarine"],
  [13, 3, "sensor_fraud"],
  [13, 1, "mechanical_fraud"],
];

const PREVIOUS_ALARMS: readonly Alarm[] = [
  [12, 6, "leakage"],
  [13, 2, "sensor_fraud"],
  [13, 0, "mechanical_fraud"],
];

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
    return {
      ...readFields([
        ["total_volume", "m3", 1, "uint32", -3],
        ["last_month_volume", "m3", 5, "uint32", -3],
        ["last_month_date", "", 9, "dateG"],
      ], clear),
      // The counts are half years, and a power of two in seconds.
      remaining_battery_lifetime: numberValue((frame[BATTERY] as number) & 0x1f, "year", -1, 5),
      transmission_period: numberValue(4 << ((frame[PERIOD] as number) & 0x0f), "s", 0),
      current_alarms: alarmsOf(frame, CURRENT_ALARMS),
      previous_alarms: alarmsOf(frame, PREVIOUS_ALARMS),
    };
  },
  address({ manufacturer, frame }) {
    // One maker keeps the standard's place for the identification and has neither version nor type.
    if (manufacturer === "SAP") {
      return { place: { manufacturer: 2, identification: 4, version: -1 }, deviceTypeCode: WATER };
    }
    return { place: { manufacturer: 2, version: 4, identification: 6 }, deviceTypeCode: frame[5] as number };
  },
  samples: [
    {
      telegram: "1944A511780712347856A2018A0013E444DDC72EDF7983C2122E",
      values: {
        total_volume: { value: "123456.789", unit: "m3", kind: "number" },
        last_month_volume: { value: "100000", unit: "m3", kind: "number" },
        last_month_date: { value: "2021-12-31", unit: "", kind: "date" },
        remaining_battery_lifetime: { value: "5", unit: "year", kind: "number" },
        transmission_period: { value: "8", unit: "s", kind: "number" },
        current_alarms: { value: "leakage", unit: "", kind: "text" },
        previous_alarms: { value: "", unit: "", kind: "text" },
      },
    },
    {
      telegram: "1944304C42000021D401A283FFFF0005F7EBF9AFAD0156D5E168",
      values: {
        total_volume: { value: "0.001", unit: "m3", kind: "number" },
        last_month_volume: { value: "4294967.295", unit: "m3", kind: "number" },
        last_month_date: { value: null, unit: "", kind: "date" },
        remaining_battery_lifetime: { value: "15.5", unit: "year", kind: "number" },
        transmission_period: { value: "32", unit: "s", kind: "number" },
        current_alarms: {
          value: "general leakage meter_blocked backflow underflow overflow submarine sensor_fraud mechanical_fraud",
          unit: "",
          kind: "text",
        },
        previous_alarms: { value: "leakage sensor_fraud mechanical_fraud", unit: "", kind: "text" },
      },
    },
  ],
};

function alarmsOf(frame: Uint8Array, alarms: readonly Alarm[]): ProfileValue {
  const raised = alarms.filter(([at, bit]) => ((frame[at] as number) >> bit & 1) !== 0);
  return textValue(raised.map(([, , name]) => name).join(" "));
}

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
