import { assertEquals } from "@std/assert";
import { encodeFrame, encodeVariableData, type RecordToEncode } from "@mbus-gateway/mbus";
import { plausibility } from "../../gateway/plausibility.ts";
import { Segment, simulatedMeters } from "../simulator/mod.ts";
import { noLedger } from "../simulator/virtual_line.ts";

const NOON = Date.UTC(2026, 0, 31, 12);
const HOUR = 3_600_000;
const JUMP = ["implausible_jump"];

function frame(record: RecordToEncode, identification = "12345678"): Uint8Array {
  const header = { identification, manufacturer: "KAM", version: 1, deviceTypeCode: 4 };
  const data = encodeVariableData({ ...header, records: [record] });
  return encodeFrame({ type: "long", control: 0x08, address: 5, ci: 0x72, data });
}

/** The flags of the last of these counters, read an hour apart: kilowatt hours in eight BCD digits. */
function flagsOf(values: number[], record: Partial<RecordToEncode> = {}): string[] {
  const plausible = plausibility();
  let flags: string[] = [];
  for (const [hour, value] of values.entries()) {
    flags = plausible.flagsOf("p5", [frame({ field: "bcd8", vib: "06", ...record, value })], NOON + hour * HOUR);
  }
  return flags;
}

Deno.test("flagsOf() has nothing to say of a first readout, and of counters that grow", () => {
  assertEquals(flagsOf([99_999_999]), []);
  assertEquals(flagsOf([1_000, 1_000]), []);
  assertEquals(flagsOf([1_000, 1_007]), []);
});

Deno.test("flagsOf() flags a counter that ran backwards, by its last digit too", () => {
  assertEquals(flagsOf([1_000, 999]), JUMP);
  assertEquals(flagsOf([1_000, 999], { vib: "13" }), JUMP);
  assertEquals(flagsOf([1_000, 0]), JUMP);
});

Deno.test("flagsOf() takes a counter for rolled over that was in its last tenth and is in its first", () => {
  assertEquals(flagsOf([99_999_999, 3]), []);
  assertEquals(flagsOf([9_999_998, 3]), [], "seven digits on the dial, eight on the wire");
  assertEquals(flagsOf([9_999_998, 3], { field: "int32" }), [], "decimal on the dial, binary on the wire");
  assertEquals(flagsOf([2 ** 31 - 1, 3], { field: "int32" }), JUMP, "no end of a dial");
  assertEquals(flagsOf([89_999_999, 3]), JUMP);
  assertEquals(flagsOf([99_999_999, 19_999_999]), JUMP);
  assertEquals(flagsOf([998, 3]), JUMP, "no dial has three digits");
});

Deno.test("flagsOf() flags what no meter can count in the time, to the last digit of the bound", () => {
  assertEquals(flagsOf([0, 10_000]), [], "10 MWh in an hour");
  assertEquals(flagsOf([0, 10_001]), JUMP);
  assertEquals(flagsOf([0, 1_000_000], { vib: "13" }), [], "1,000 m3 in litres");
  assertEquals(flagsOf([0, 1_000_001], { vib: "13" }), JUMP);
});

Deno.test("flagsOf() gives a longer pause its growth, and a short one an hour's", () => {
  const plausible = plausibility();
  const kilowattHours = (value: number) => [frame({ field: "bcd8", vib: "06", value })];
  assertEquals(plausible.flagsOf("p5", kilowattHours(0), NOON), []);
  assertEquals(plausible.flagsOf("p5", kilowattHours(10_000), NOON + 1_000), []);
  assertEquals(plausible.flagsOf("p5", kilowattHours(249_000), NOON + 24 * HOUR), []);
  assertEquals(plausible.flagsOf("p5", kilowattHours(500_000), NOON + 47 * HOUR), JUMP);
  // A clock set back makes no time negative.
  assertEquals(plausible.flagsOf("p5", kilowattHours(500_001), NOON), []);
});

Deno.test("flagsOf() measures from the last readout, flagged or not", () => {
  assertEquals(flagsOf([50_000, 10, 11]), []);
});

Deno.test("flagsOf() compares no meter with the one that was there before it, and no place with another", () => {
  const plausible = plausibility();
  const record = { field: "bcd8", vib: "06" } as const;
  plausible.flagsOf("p5", [frame({ ...record, value: 50_000 })], NOON);
  assertEquals(plausible.flagsOf("p6", [frame({ ...record, value: 1 })], NOON), []);
  assertEquals(plausible.flagsOf("p5", [frame({ ...record, value: 1 }, "87654321")], NOON), []);
});

Deno.test.each([
  ["power", { vib: "2B" }],
  ["the counter of the due date", { storageNumber: 1 }],
  ["a maximum", { function: "maximum" }],
] as [string, Partial<RecordToEncode>][])("flagsOf() lets %s go up and down", (_what, record) => {
  assertEquals(flagsOf([50_000, 1], record), []);
});

Deno.test("flagsOf() has nothing to say of what cannot be decoded", () => {
  const plausible = plausibility();
  assertEquals(plausible.flagsOf("p5", [new Uint8Array([0x68])], NOON), []);
  assertEquals(plausible.flagsOf("p5", [], NOON), []);
});

Deno.test("flagsOf() finds nothing strange in a month of every kind of simulated meter", () => {
  let time = NOON;
  const meters = simulatedMeters(6, { now: time });
  const segment = new Segment(meters, { ledger: noLedger(), now: () => time });
  const plausible = plausibility();
  for (; time < NOON + 30 * 24 * HOUR; time += 6 * HOUR) {
    for (const { identity: { primaryAddress: address } } of meters) {
      segment.handle({ control: 0x40, address, ci: null, data: new Uint8Array() });
      const frames = segment.handle({ control: 0x7b, address, ci: null, data: new Uint8Array() }).map((r) => r.bytes);
      assertEquals(plausible.flagsOf(`p${address}`, frames, time), []);
    }
  }
});
