import { assertEquals } from "@std/assert";
import { recordOf, telegramOf } from "./telegram_fixture.ts";

function values(cases: [hex: string, value: string | null][]): void {
  for (const [hex, value] of cases) {
    const record = recordOf(hex);
    assertEquals([record.value, record.error], [value, null], hex);
  }
}

Deno.test("a record reads integers of every width as two's complement", () => {
  values([
    ["01 13 FF", "-0.001"],
    ["02 65 9CFF", "-1"],
    ["03 13 FFFF7F", "8388.607"],
    ["04 13 FFFFFFFF", "-0.001"],
    ["06 13 FFFFFFFFFFFF", "-0.001"],
    ["06 13 FFFFFFFFFF7F", "140737488355.327"],
    ["07 13 FFFFFFFFFFFFFFFF", "-0.001"],
    ["07 13 FFFFFFFFFFFFFF7F", "9223372036854775.807"],
    ["07 13 0100000000002000", "9007199254740.993"],
  ]);
});

Deno.test("a record takes flag words and numbers of types C and D as never negative", () => {
  values([["02 FD17 0080", "32768"], ["01 FD17 80", "128"], ["04 78 FFFFFFFF", "4294967295"]]);
  values([["04 93FC11 FFFFFFFF", "4294967.295"]]);
});

Deno.test("a record without a value says why only if that is an error", () => {
  const invalid = recordOf("02 65 0080");
  assertEquals([invalid.kind, invalid.value], ["number", null]);
  assertEquals(invalid.error, "Cannot state value: the meter marks it invalid (80…00)");
  const none = recordOf("0C 13 FFFFFFFF");
  assertEquals([none.kind, none.value, none.error], ["number", null, null]);
  const wrong = recordOf("0C 13 4365A400");
  assertEquals(wrong.error, "Cannot state value: its BCD has digits that are no decimal digits");
  assertEquals([wrong.value, wrong.data], [null, "4365A400"]);
  const reported = recordOf("02 E515 0100");
  assertEquals([reported.value, reported.error], [
    null,
    'Cannot state value: the meter reports "no data available"',
  ]);
});

Deno.test("a record reads BCD of every length, and F on top as minus", () => {
  values([
    ["09 65 12", "0.12"],
    ["0A 65 34F2", "-2.34"],
    ["0B 13 563412", "123.456"],
    ["0C 13 785634F2", "-2345.678"],
    ["0E 13 121056349078", "789034561.012"],
    ["0C 13 000000F0", "0"],
  ]);
});

Deno.test("a record reads floating point numbers digit by digit", () => {
  values([["05 5B 0000AC41", "21.5"], ["05 2E 0000003F", "500"], ["05 5B 00000080", "0"]]);
  values([["05 5B CDCCCC3D", "0.100000001490116119384765625"]]);
  const nan = recordOf("05 5B 0000C07F");
  assertEquals([nan.value, nan.error], [null, "Cannot state value: the floating point number is not finite"]);
});

Deno.test("a record reads variable-length data in every form", () => {
  values([
    ["0D FD11 04 54534554", "TEST"],
    ["0D FD11 00", ""],
    ["0D FD11 02 FCE4", "äü"],
    ["0D 13 C2 3412", "1.234"],
    ["0D 13 D2 3412", "-1.234"],
    ["0D 13 E3 FFFFFF", "-0.001"],
    ["0D 13 E8 FFFFFFFFFFFFFF7F", "9223372036854775.807"],
    ["0D FD19 F0 000102030405060708090A0B0C0D0E0F", "000102030405060708090A0B0C0D0E0F"],
    ["0D 13 F8 000000000000F83F", "0.0015"],
    ["0D 13 C9 785634129078563412", "123456789012345.678"],
  ]);
  assertEquals(recordOf("0D FD11 04 54534554").kind, "text");
  assertEquals(recordOf("0D FD11 04 54534554").data, "54534554");
});

Deno.test("a record reads dates by the type that its data field carries", () => {
  const cases: [string, string, string][] = [
    ["02 6C 5F31", "date", "2026-01-31"],
    ["04 6D 3B0B5F31", "datetime", "2026-01-31T11:59:00"],
    ["06 6D 3A3B0B5F3100", "datetime", "2026-01-31T11:59:58"],
    ["03 6D 3A3B0B", "time", "11:59:58"],
    ["04 FD70 3B0B5F31", "datetime", "2026-01-31T11:59:00"],
    ["02 FD30 5F31", "date", "2026-01-31"],
    ["04 93 39 3B0B5F31", "datetime", "2026-01-31T11:59:00"],
  ];
  for (const [hex, kind, value] of cases) {
    const record = recordOf(hex);
    assertEquals([record.kind, record.value, record.error], [kind, value, null], hex);
  }
  assertEquals(recordOf("04 6D 3B8B5F31").summerTime, true);
  assertEquals(recordOf("04 06 00000000").summerTime, null);
  const bcd = recordOf("0C 6D 00000000");
  assertEquals(bcd.error, "Cannot state value: its data field is none of the types of a date or time");
});

Deno.test("a record has no value where it has no data", () => {
  for (const hex of ["00 13", "08 13"]) {
    const record = recordOf(hex);
    assertEquals([record.kind, record.value, record.error, record.data], ["none", null, null, ""]);
  }
});

Deno.test("a record's DIFEs give storage number, tariff and subunit their bits in order", () => {
  const record = recordOf("C4 B5 5A 06 00000000");
  assertEquals([record.storageNumber, record.tariff, record.subunit], [1 + 5 * 2 + 10 * 32, 3 + 1 * 4, 0 + 1 * 2]);
  // 41 bits: shift operators would lie
  const widest = recordOf("C4 FF FF FF FF FF FF FF FF FF 7F 06 00000000");
  assertEquals([widest.storageNumber, widest.tariff, widest.subunit], [2 ** 41 - 1, 2 ** 20 - 1, 1023]);
  assertEquals(recordOf("74 06 00000000").function, "error");
});

Deno.test("a record keeps plain-text units, with VIFEs behind the text or before it", () => {
  const plain = recordOf("04 7C 03 5A5958 05000000");
  assertEquals([plain.quantity, plain.unit, plain.value, plain.vib], ["user_defined", "XYZ", "5", "7C035A5958"]);
  const after = recordOf("04 FC 03 5A5958 74 05000000");
  assertEquals([after.unit, after.value], ["XYZ", "0.05"]);
  const before = recordOf("02 FC 74 03 5A5958 0500");
  assertEquals([before.unit, before.value], ["XYZ", "0.05"]);
});

Deno.test("a record's key tells values apart that differ in anything but their resolution", () => {
  assertEquals(recordOf("0C 13 00000000").key, "volume:m3:instantaneous:s0:t0:u0");
  assertEquals(recordOf("0C 14 00000000").key, "volume:m3:instantaneous:s0:t0:u0");
  assertEquals(recordOf("DC 14 933C 00000000").key, "volume:m3:maximum:s9:t1:u0:backward");
  const voltages = ["01", "02", "03"].map((phase) => recordOf(`02 FDC8FC${phase} 0000`).key);
  assertEquals(voltages[0], "voltage:V:instantaneous:s0:t0:u0:l1");
  assertEquals(new Set(voltages).size, 3);
  assertEquals(
    recordOf("01 FF8102 00").key,
    "manufacturer_specific::instantaneous:s0:t0:u0:manufacturer_01,manufacturer_02",
  );
  assertEquals(recordOf("02 93FF73 0100").value, "0.001", "a maker's 73 is no factor");
});

Deno.test("a record that the standard reserves is there with its bytes and why", () => {
  const { records } = telegramOf("02 FB6F 0100" + "01 6F 05" + "0C 13 00000000");
  assertEquals(records.map(({ value }) => value), [null, null, "0"]);
  assertEquals(records[1]?.error, "Cannot interpret value: the standard reserves VIF 6F");
  assertEquals(records[1]?.key, "reserved::instantaneous:s0:t0:u0:vif_6f");
});

Deno.test("a record with more than 10 DIFEs or VIFEs costs the others nothing", () => {
  const { records, fault } = telegramOf(
    "84 8080808080808080808000 13 01000000" + "04 9399999999999999999999993A 01000000" + "01 13 05",
  );
  assertEquals(records.map(({ error }) => error), [
    "Cannot interpret value: it has more than 10 DIFEs",
    "Cannot interpret value: it has more than 10 VIFEs",
    null,
  ]);
  assertEquals(records.map(({ value, decimal }) => [value, decimal?.coefficient]), [[null, undefined], [
    null,
    undefined,
  ], [
    "0.005",
    5,
  ]]);
  assertEquals(fault, null);
});

Deno.test("DataRecord keeps a date of type M, which has lengths of the others, as bytes", () => {
  for (const data of ["E2 3F3C", "E4 3B0B5F31", "E6 3B0B5F31BE00"]) {
    const { kind, value, error } = recordOf(`0D 6D ${data}`);
    assertEquals([kind, value, error?.includes("date type M")], ["bytes", null, true]);
  }
});

Deno.test("DataRecord keeps the types K and L, whose layout is not known here, as bytes and says so", () => {
  for (
    const [block, type] of [["04 FD72 01020304", "type K"], ["0D FD72 02 0102", "type K"], [
      "0D FD73 04 01020304",
      "type L",
    ]]
  ) {
    const { kind, value, data, error } = recordOf(block ?? "");
    assertEquals([kind, value, error?.includes(type ?? "")], ["bytes", null, true]);
    assertEquals(data.length > 0, true);
  }
});

Deno.test("DataRecord takes for never negative what the standard counts in type C", () => {
  assertEquals(recordOf("01 FB1B C8").value, "200");
  assertEquals(recordOf("02 FD74 FF8F").value, String(0x8fff * 86_400));
  assertEquals(recordOf("01 13 C8").value, "-0.056");
});
