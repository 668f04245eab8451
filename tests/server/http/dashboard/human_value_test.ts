import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { groupDigits, humanValue, shiftDecimal } from "../../../../server/http/dashboard/human_value.ts";

Deno.test("humanValue() moves the point and loses no digit", () => {
  const shown = (value: string, unit: string) => {
    const { number, unit: shownUnit } = humanValue(value, unit);
    return `${number.replaceAll("\u202f", "'")} ${shownUnit}`.trim();
  };
  assertEquals(shown("48001230", "Wh"), "48'001.23 kWh");
  assertEquals(shown("5", "Wh"), "0.005 kWh");
  assertEquals(shown("-897.4", "W"), "-0.8974 kW");
  assertEquals(shown("0.312", "m3/h"), "312 l/h");
  assertEquals(shown("0.0005", "m3/h"), "0.5 l/h");
  assertEquals(shown("9007199254740.993", "m3"), "9'007'199'254'740.993 m³");
  assertEquals(shown("0", "W"), "0 kW");
  assertEquals(shown("66.10", "°C"), "66.1 °C");
  assertEquals(shown("42", ""), "42");
  assertEquals(shown("90000", "s"), "25 h 0 min");
  assertEquals(shown("63072000", "s"), "730 d 0 h");
  assertEquals(shown("12.5", "s"), "12.5 s");
  assertEquals(humanValue("48001230", "Wh").exact, "48001230 Wh");
});

Deno.test("shiftDecimal() agrees with integers for any decimal and any shift", () => {
  const decimal = fc.tuple(fc.bigInt({ min: -(10n ** 40n), max: 10n ** 40n }), fc.nat(20));
  fc.assert(fc.property(decimal, fc.integer({ min: -12, max: 12 }), ([coefficient, places], shift) => {
    const shifted = shiftDecimal(decimalText(coefficient, places), shift);
    const [whole = "", fraction = ""] = shifted.split(".");
    // Both as whole numbers of 10^-40.
    const scaled = BigInt(whole.replace("-", "") + fraction.padEnd(40, "0")) * (shifted.startsWith("-") ? -1n : 1n);
    assertEquals(scaled, coefficient * 10n ** BigInt(40 - places + shift));
  }));
});

Deno.test("groupDigits() groups the whole part alone", () => {
  assertEquals(["1", "123", "1234", "-1234567.12345"].map((text) => groupDigits(text).replaceAll("\u202f", "'")), [
    "1",
    "123",
    "1'234",
    "-1'234'567.12345",
  ]);
});

function decimalText(coefficient: bigint, places: number): string {
  const digits = String(coefficient < 0n ? -coefficient : coefficient).padStart(places + 1, "0");
  const text = places === 0 ? digits : `${digits.slice(0, -places)}.${digits.slice(-places)}`;
  return coefficient < 0n ? `-${text}` : text;
}
