import { assertEquals, assertThrows } from "@std/assert";
import { plainDecimal, shiftDecimal } from "./dial.ts";
import { dialText, encodeDigits, register } from "./register.ts";

Deno.test("shiftDecimal() moves the point exactly", () => {
  assertEquals(shiftDecimal(12345n, -3), "12.345");
  assertEquals(shiftDecimal(-5n, -1), "-0.5");
  assertEquals(shiftDecimal(0n, -2), "0.00");
  assertEquals(shiftDecimal(12n, 2), "1200");
  assertEquals(shiftDecimal(0n, 3), "0");
  assertEquals(shiftDecimal(9007199254740993n, -3), "9007199254740.993");
});

Deno.test("plainDecimal() gives equal decimals one spelling and refuses what is none", () => {
  assertEquals(["1.50", "+1.5", "001.5"].map(plainDecimal), ["1.5", "1.5", "1.5"]);
  assertEquals(["-0.0", "0", "00.000"].map(plainDecimal), ["0", "0", "0"]);
  assertEquals(plainDecimal("-1200"), "-1200");
  assertThrows(() => plainDecimal("NaN"), SyntaxError, "NaN");
  assertThrows(() => plainDecimal("1e3"), SyntaxError, "1e3");
});

Deno.test("encodeDigits() writes BCD and two's complement, least significant byte first", () => {
  assertEquals(encodeDigits("0C", 12345).toHex(), "45230100");
  assertEquals(encodeDigits("0A", 678).toHex(), "7806");
  assertEquals(encodeDigits("04", -2).toHex(), "feffffff");
  assertEquals(encodeDigits("02", 300).toHex(), "2c01");
  assertEquals(encodeDigits("8E 10", 1).toHex(), "010000000000");
});

Deno.test("encodeDigits() refuses what does not fit", () => {
  assertThrows(() => encodeDigits("02", 40_000), RangeError, "40000 does not fit 2 bytes");
  assertThrows(() => encodeDigits("0C", -1), RangeError, "no place in a BCD counter");
});

Deno.test("dialText() says what a counter shows after it rolled over", () => {
  const volume = register("Volume", ["0C", "13"], [-3, "volume", "m3"], "volume");
  assertEquals(dialText(volume, 12345), "12.345");
  assertEquals(dialText(volume, 100_000_001), "0.001");
  assertEquals(encodeDigits("0C", 100_000_001).toHex(), "01000000");
});
