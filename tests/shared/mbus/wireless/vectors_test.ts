import { assertEquals } from "@std/assert";
import { type DataRecord, decodeTelegram, fromHex, TelegramError } from "@mbus-gateway/mbus";
import { decodeWirelessTelegram, isWirelessFrame } from "../../../../shared/mbus/wireless/mod.ts";

/** A sample of public captures, which lies beside the project where it lies at all. */
const FILE = new URL("../../../../../shared/vectors/wireless.jsonl", import.meta.url);

type Expected = string | number | null;
interface Vector {
  name: string;
  id: string;
  key?: string;
  telegrams: string[];
  expected: Record<string, Expected>;
  evidence: Record<string, string>;
  record_of: Record<string, [blocks: string, data: string]>;
  class: string;
}

/** What a field's name ends in, and how many of that unit our base units are. */
const UNITS: Record<string, Record<string, number>> = {
  kwh: { Wh: 1e-3, J: 1 / 3.6e6 },
  // One maker's VIFE says "per month" of a maximum power; the standard makes another quantity of it.
  kw: { W: 1e-3, "J/h": 1 / 3.6e6, "W/month": 1e-3 },
  h: { s: 1 / 3600 },
};

function read(): Vector[] | null {
  try {
    return Deno.readTextFileSync(FILE).trim().split("\n").map((line) => JSON.parse(line));
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    console.log("left out: the sample of public captures is not beside the project");
    return null;
  }
}

function recordsOf({ telegrams, key }: Vector): DataRecord[] {
  const formats = new Map<number, Uint8Array>();
  return telegrams.flatMap((hex) => {
    const bytes = fromHex(hex);
    if (!isWirelessFrame(bytes)) return decodeTelegram(bytes).records;
    const telegram = decodeWirelessTelegram(bytes, {
      keys: () => key === undefined ? null : fromHex(key),
      formats: (signature) => formats.get(signature),
    });
    const learnt = telegram.learntFormat;
    if (learnt !== null) formats.set(learnt.signature, learnt.format);
    return telegram.records;
  });
}

const WORDS = /^time_|flags|status|code|info|battery|listening|weekdays|no$/;

/** Whether a record says what a field expects. Words are a driver's own: then the flags that they stand for are enough. */
function meets(field: string, expected: Expected, record: DataRecord, named: boolean): boolean {
  const { value, kind, unit, data } = record;
  if (expected === null || expected === "2000-00-00" || expected === "2000-00-00 00:00") return value === null;
  if (typeof expected === "number") {
    // The source has no "invalid": it takes 80…00 for a number.
    if (/^(00)+80$/.test(data)) return value === null && expected < 0;
    const factor = UNITS[field.split("_").at(-1) ?? ""]?.[unit] ?? 1;
    return kind === "number" && value !== null && near(Number(value) * factor, expected);
  }
  if (/^\d{4}-\d\d-\d\d/.test(expected)) {
    if (expected === "1999-11-30") return value === null; // the source's reading of 0000
    // The year 127 is "every year", which is no date.
    if (expected.startsWith("2127")) return value === null;
    if (kind !== "date" && kind !== "datetime" || value === null) return false;
    return value.replace("T", " ").slice(0, expected.length) === expected;
  }
  if (value === expected || value !== null && Number(value) === Number(expected)) return true;
  if (value !== null && kind === "number" && Number(value) === parseInt(expected, 16)) return true;
  // A driver's own words for a register of flags, or for a number that it prints otherwise.
  return WORDS.test(field) && (named || record.vib.startsWith("FF") || record.vib.startsWith("FD"));
}

function near(value: number, expected: number): boolean {
  return Math.abs(value - expected) <= 1e-6 * Math.max(1, Math.abs(expected));
}

Deno.test("every standard field of the sample is there and exact", () => {
  const vectors = read();
  if (vectors === null) return;
  const missed: string[] = [];
  let standard = 0;
  for (const vector of vectors) {
    const fields = Object.entries(vector.evidence).filter(([, evidence]) => evidence === "std");
    if (fields.length === 0) continue;
    const records = recordsOf(vector);
    for (const [field] of fields) {
      standard++;
      const expected = vector.expected[field] ?? null;
      const blocks = vector.record_of[field];
      const named = records.filter(({ dib, vib, data }) => dib + vib === blocks?.[0] && data === blocks?.[1]);
      const [profile] = named;
      // A profile's values are records of their own; a compact frame names no blocks.
      const series = profile?.kind === "bytes" || blocks === undefined;
      if (blocks !== undefined && profile === undefined) missed.push(`${vector.name} ${field}: no record`);
      else if (!(series ? records : named).some((record) => meets(field, expected, record, !series))) {
        missed.push(`${vector.name} ${field}: ${expected}, not ${named.map(({ value }) => value).join()}`);
      }
    }
  }
  console.log(`${standard} standard fields, ${missed.length} not met`);
  assertEquals(missed, []);
});

Deno.test("every telegram of the sample ends in records, a maker's payload, or an error that names its meter", () => {
  for (const { telegrams, key, name, id, class: kind } of read() ?? []) {
    for (const hex of telegrams) {
      const bytes = fromHex(hex);
      if (!isWirelessFrame(bytes)) continue;
      try {
        const telegram = decodeWirelessTelegram(bytes, { keys: () => key === undefined ? null : fromHex(key) });
        assertEquals(telegram.identification, id.toUpperCase(), name);
        assertEquals(telegram.records.length > 0 || telegram.manufacturerData !== null, true, name);
      } catch (error) {
        if (!(error instanceof TelegramError) || kind !== "proprietary-payload") throw error;
        assertEquals([error.code, error.message.includes(id)], ["unsupported", true], name);
      }
    }
  }
});

/** A driver's names for what the profiles read. */
const NAMES: Record<string, Record<string, string>> = {
  techem_mk_radio: {
    total_m3: "total_volume",
    target_m3: "due_date_volume",
    prev_date: "due_date",
    current_date: "date",
  },
  zenner_0b: { total_m3: "total_volume", target_m3: "due_date_volume" },
  kamstrup_heat: {
    forward_energy_m3c: "forward_energy_register",
    return_energy_m3c: "return_energy_register",
    va_counter: "forward_energy_register",
    vb_counter: "return_energy_register",
  },
  kamstrup_water: { current_status: "current_state" },
};

Deno.test("profiles read what the sample says of makers' own data", () => {
  const vectors = read();
  if (vectors === null) return;
  const met = new Map<string, number>();
  for (const { telegrams, expected, name } of vectors) {
    for (const hex of telegrams) {
      const bytes = fromHex(hex);
      if (!isWirelessFrame(bytes)) continue;
      const names = telegramProfile(bytes);
      if (names === null) continue;
      for (const [field, own] of Object.entries(NAMES[names.profile] ?? {})) {
        const want = expected[field];
        const got = names.values[own]?.value;
        if (want === undefined || got === undefined) continue;
        const same = typeof want === "number" ? near(Number(got), want) : got === String(want).toLowerCase();
        assertEquals(same, true, `${name} ${field}: ${want}, not ${got}`);
        met.set(names.profile, (met.get(names.profile) ?? 0) + 1);
      }
    }
  }
  assertEquals([...met.keys()].sort(), Object.keys(NAMES).sort());
});

function telegramProfile(bytes: Uint8Array) {
  try {
    const { profile, values } = decodeWirelessTelegram(bytes);
    return profile === null ? null : { profile, values };
  } catch (error) {
    if (error instanceof TelegramError) return null;
    throw error;
  }
}
