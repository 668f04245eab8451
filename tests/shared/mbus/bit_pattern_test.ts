import { assertEquals, assertThrows } from "@std/assert";
import { expandBitPattern, expandTable } from "../../../shared/mbus/bit_pattern.ts";

Deno.test("expandBitPattern() lists the codes of a pattern with the numbers of its letters", () => {
  const codes = expandBitPattern("E101 uf0n").map(({ code, letter }) => [code, letter("u"), letter("f"), letter("n")]);
  assertEquals(codes.length, 8);
  assertEquals(codes[0], [0x50, 0, 0, 0]);
  assertEquals(codes[7], [0x5d, 1, 1, 1]);
  assertEquals(expandBitPattern("E001 0nnn").map(({ code }) => code), [16, 17, 18, 19, 20, 21, 22, 23]);
});

Deno.test("expandBitPattern() refuses a row that is not seven bits", () => {
  assertThrows(() => expandBitPattern("E101 10n"), Error, "expected E and seven bits");
  assertThrows(() => expandBitPattern("1101 10nn"), Error, "expected E and seven bits");
});

Deno.test("expandTable() refuses two rows that claim one code", () => {
  const rows: [string, string][] = [["E000 0nnn", "a"], ["E000 0111", "b"]];
  assertThrows(() => expandTable("test", rows, (row) => row[1]), Error, '"E000 0111" claims code 7');
});
