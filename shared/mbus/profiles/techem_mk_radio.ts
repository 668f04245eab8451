import { numberValue, payloadOf } from "./fields.ts";
import type { Profile, ProfileValue, ProfileValues } from "./profile.ts";

const MK_RADIO_3 = 0x74;
const MK_RADIO_4 = 0x95;
const WARM_WATER = 0x62;
const COLD_WATER = 0x72;
const PAYLOAD = 0xa2;
const NEEDED = 9;

/**
 * Techem water meters mk-radio 3 and 4: the reading of the last due date and what was used since, both in units of
 * 100 litres.
 */
export const techemMkRadio: Profile = {
  name: "techem_mk_radio",
  meters: [MK_RADIO_3, MK_RADIO_4].flatMap((version) =>
    [WARM_WATER, COLD_WATER].map((deviceTypeCode) => ({ manufacturer: "TCH", version, deviceTypeCode, ci: PAYLOAD }))
  ),
  read(source) {
    const payload = payloadOf(source);
    if (payload === null || payload.length < NEEDED) return null;
    const atDueDate = wordAt(payload, 3);
    const sinceDueDate = wordAt(payload, 7);
    const values: ProfileValues = {
      total_volume: numberValue(atDueDate + sinceDueDate, "m3", -1),
      due_date_volume: numberValue(atDueDate, "m3", -1),
    };
    return source.version === MK_RADIO_3 ? { ...values, ...dates(payload) } : values;
  },
  samples: [
    {
      telegram: "15446850070000107462A2069F2764004006FA000000",
      values: {
        total_volume: { value: "35", unit: "m3", kind: "number" },
        due_date_volume: { value: "10", unit: "m3", kind: "number" },
        due_date: { value: "2019-12-31", unit: "", kind: "date" },
        date: { value: "2020-03-04", unit: "", kind: "date" },
      },
    },
    {
      telegram: "15446850070000107472A2063F286400F00A00000000",
      values: {
        total_volume: { value: "10", unit: "m3", kind: "number" },
        due_date_volume: { value: "10", unit: "m3", kind: "number" },
        due_date: { value: "2020-01-31", unit: "", kind: "date" },
        date: { value: "2020-05-15", unit: "", kind: "date" },
      },
    },
    {
      telegram: "15446850070000109572A2069F27FFFF400601000000",
      values: {
        total_volume: { value: "6553.6", unit: "m3", kind: "number" },
        due_date_volume: { value: "6553.5", unit: "m3", kind: "number" },
      },
    },
  ],
};

/** The due date is whole; the present one has day and month only, and is the first such day behind the due date. */
function dates(payload: Uint8Array): ProfileValues {
  const due = wordAt(payload, 1);
  const present = wordAt(payload, 5);
  const [dueDay, dueMonth, dueYear] = [due & 0x1f, due >> 5 & 0x0f, 2000 + (due >> 9 & 0x3f)];
  const [day, month] = [present >> 4 & 0x1f, present >> 9 & 0x0f];
  const passed = month > dueMonth || month === dueMonth && day > dueDay;
  return {
    due_date: dateValue(dueYear, dueMonth, dueDay),
    date: dateValue(passed ? dueYear : dueYear + 1, month, day),
  };
}

function dateValue(year: number, month: number, day: number): ProfileValue {
  const known = month >= 1 && month <= 12 && day >= 1;
  const two = (part: number) => String(part).padStart(2, "0");
  return { value: known ? `${year}-${two(month)}-${two(day)}` : null, unit: "", kind: "date" };
}

function wordAt(payload: Uint8Array, at: number): number {
  return (payload[at] as number) | (payload[at + 1] as number) << 8;
}
