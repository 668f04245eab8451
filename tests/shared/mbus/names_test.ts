import { assertEquals } from "@std/assert";
import { decodeTelegram, encodeFrame, encodeVariableData } from "@mbus-gateway/mbus";
import { listNames, meaningOf } from "./names_list.ts";

Deno.test("names, units and powers of ten are those that stored series were made with", async () => {
  const golden = (await Deno.readTextFile(`${import.meta.dirname}/names.golden.txt`)).trimEnd().split("\n");
  assertEquals(listNames(), golden);
});

Deno.test("no unit has a prefix that hides a power of ten", () => {
  const units = listNames().filter((line) => line.startsWith("VIF ")).map((line) => line.split(" ")[3] ?? "");
  const base = "- Wh J cal varh VAh m3 kg s month year W J/h var VA m3/h kg/h °C °F K bar HCA V A Hz ° % Bd dBm bit";
  const others = new Set(units.filter((unit) => !base.split(" ").includes(unit)));
  assertEquals([...others], ["currency"]);
});

Deno.test("every code of every table is named, if only as reserved", () => {
  const lines = listNames();
  assertEquals(lines.length, 4 * 128 + 2 * 128 + 256);
  const reserved = (prefix: string) =>
    lines.filter((line) => new RegExp(`^VIF ${prefix}..: reserved`).test(line)).map((line) =>
      line.slice(4 + prefix.length, 6 + prefix.length)
    );
  assertEquals(reserved(""), ["6F", "7B", "7C", "7D"]);
  assertEquals(reserved("FD"), ["77", "78", "79", "7A", "7B", "7C", "7D", "7E", "7F"]);
  const fb = "06 07 0A 0B 12 13 1C 1D 1E 1F 27 32 33 6F".split(" ");
  assertEquals(reserved("FB").filter((code) => code < "38" || code > "57"), fb);
  assertEquals(reserved("FB").length, fb.length + 0x20);
});

Deno.test("a combinable changes quantity and unit, not a label", () => {
  const cases: [vib: string, quantity: string, unit: string, factor: number, exponent: number][] = [
    ["93 22", "volume_flow", "m3/h", 1, -3],
    ["93 21", "volume_flow", "m3/h", 60, -3],
    ["93 20", "volume_flow", "m3/h", 3600, -3],
    ["93 23", "volume_per_day", "m3/d", 1, -3],
    ["9B 20", "mass_flow", "kg/h", 3600, 0],
    ["83 22", "power", "W", 1, 0],
    ["8B 22", "power", "J/h", 1, 3],
    ["93 28", "volume_per_input_pulse_0", "m3/pulse", 1, -3],
    ["83 2C", "energy_per_volume", "Wh/m3", 1, 3],
    ["93 30", "volume_per_energy", "m3/Wh", 1, -6],
    ["AB 36", "power_times_time", "W·s", 1, 0],
    ["93 39", "volume_start", "", 1, 0],
    ["BB 4B", "volume_flow_upper_limit_first_exceed_end", "", 1, 0],
    ["BB 41", "volume_flow_lower_limit_exceed_count", "", 1, 0],
    ["BB 5E", "volume_flow_upper_limit_last_exceed_duration", "s", 3600, 0],
    ["93 74", "volume", "m3", 1, -5],
    ["93 F4 74", "volume", "m3", 1, -7],
    ["93 7D", "volume", "m3", 1, 0],
  ];
  for (const [vib, quantity, unit, factor, exponent] of cases) {
    const meaning = meaningOf(vib);
    const found = [meaning.quantity, meaning.unit, meaning.factor, meaning.exponent];
    assertEquals(found, [quantity, unit, factor, exponent], vib);
  }
});

function valueOf(vib: string, value: number): string | null | undefined {
  const header = { identification: "1", manufacturer: "ABC", version: 1, deviceTypeCode: 7 };
  const data = encodeVariableData({ ...header, records: [{ field: "int32", vib, value }] });
  return decodeTelegram(encodeFrame({ type: "long", control: 8, address: 1, ci: 0x72, data })).records[0]?.value;
}

Deno.test("values come out in the base unit, exact", () => {
  const cases: [vib: string, register: number, value: string][] = [
    ["07", 1, "10000"],
    ["10", 1, "0.000001"],
    ["23", 2, "172800"],
    ["40", 3, "0.000018"],
    ["48", 1, "0.0000036"],
    ["FB00", 5, "500000"],
    ["FB09", 5, "5000000000"],
    ["FB0D", 3, "3000000"],
    ["FB1A", 415, "41.5"],
    ["FB20", 1, "0.028316846592"],
    ["FB23", 1, "0.003785411784"],
    ["FB25", 1, "0.22712470704"],
    ["FB2C", 50_012, "50.012"],
    ["FB68", 4096, "1"],
    ["FD48", 2301, "230.1"],
    ["FD59", 66, "0.066"],
    ["FD74", 10, "864000"],
    ["FDFD02", 7, "7"],
    ["9379", 1, "0.011"],
    ["93F979", 1, "0.021"],
    ["93F77A", 5, "0.15"],
  ];
  for (const [vib, register, value] of cases) assertEquals(valueOf(vib, register), value, vib);
});
