import { assertEquals } from "@std/assert";
import { fromHex } from "@mbus-gateway/mbus";
import { decodeWirelessTelegram } from "../../../../shared/mbus/wireless/mod.ts";

/** Storage number and value of every record that has a number or a time, and the profile itself left out. */
function series(records: string): string[] {
  const bytes = fromHex("00442440785634122A0778" + records);
  bytes[0] = bytes.length - 1;
  const decoded = decodeWirelessTelegram(bytes).records.filter(({ kind }) => kind !== "bytes");
  return decoded.map(({ storageNumber, value }) => `${storageNumber} ${value}`);
}

Deno.test("a compact profile unfolds into values with the next storage numbers, and their times", () => {
  // Base time and base value, then three increments an hour apart.
  assertEquals(series("84046D00204131" + "8B0415003012" + "8D04951F05" + "6901030211"), [
    "8 2026-01-01T00:00:00",
    "8 12300",
    "9 2026-01-01T01:00:00",
    "9 12300.3",
    "10 2026-01-01T02:00:00",
    "10 12300.5",
    "11 2026-01-01T03:00:00",
    "11 12301.6",
  ]);
});

Deno.test("an inverse compact profile goes back in time, and takes increments away", () => {
  assertEquals(series("84046D00234131" + "8B0415163012" + "8D04951305" + "6901110203"), [
    "8 2026-01-01T03:00:00",
    "8 12301.6",
    "9 2026-01-01T02:00:00",
    "9 12300.5",
    "10 2026-01-01T01:00:00",
    "10 12300.3",
    "11 2026-01-01T00:00:00",
    "11 12300",
  ]);
});

Deno.test("a compact profile of absolute values needs no base value; months keep their last day", () => {
  assertEquals(series("82046C3F33" + "8D04931308" + "32FE01000000FFFF"), [
    "8 2025-03-31",
    "9 2025-02-28",
    "9 0.001",
    "10 2025-01-31",
    "10 0",
    "11 2024-12-31",
    "11 -0.001",
  ]);
});

Deno.test("a compact profile counts decrements, signed differences, quarters and half years", () => {
  const base = "82046C4131" + "8404130A000000";
  assertEquals(series(base + "8D04931F04" + "A1FE0102").slice(2), [
    "9 2026-04-01",
    "9 0.009",
    "10 2026-07-01",
    "10 0.007",
  ]);
  assertEquals(series(base + "8D04931F04" + "D1FEFF02").slice(2), [
    "9 2026-07-01",
    "9 0.009",
    "10 2027-01-01",
    "10 0.011",
  ]);
  // An invalid difference ends the series.
  assertEquals(series(base + "8D04931F04" + "F1018001").slice(2), []);
});

Deno.test("a compact profile that nothing is known about stays one record", () => {
  assertEquals(series("8D04931F04" + "71010102"), []); // differences without a base value
  assertEquals(series("8D04931F04" + "01000102"), []); // an array, not a series in time
  assertEquals(series("8D04931F01" + "31"), []); // cut off
  assertEquals(series("8D04931F04" + "3D010102"), []); // elements of variable length
});
