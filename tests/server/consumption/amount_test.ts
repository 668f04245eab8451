import { assertEquals, assertThrows } from "@std/assert";
import { amountText, compare, parseAmount, share } from "../../../server/consumption/amount.ts";

Deno.test("parseAmount() and amountText() keep every digit", () => {
  for (const text of ["0", "-0.5", "12345678901234567890.123456789", "1000"]) {
    assertEquals(amountText(parseAmount(text)), text);
  }
  assertEquals(amountText(parseAmount("-1.500")), "-1.5");
  assertEquals(amountText(parseAmount("0.000")), "0");
  for (const text of ["NaN", "Infinity", "1e3", "", "1."]) assertThrows(() => parseAmount(text), Error, "decimal");
});

Deno.test("share() rounds to six decimals, halves away from zero, and keeps more where there are more", () => {
  assertEquals(amountText(share(parseAmount("1"), 1, 3)), "0.333333");
  assertEquals(amountText(share(parseAmount("2"), 1, 3)), "0.666667");
  assertEquals(amountText(share(parseAmount("0.000001"), 1, 2)), "0.000001");
  assertEquals(amountText(share(parseAmount("-0.000001"), 1, 2)), "-0.000001");
  assertEquals(amountText(share(parseAmount("0.00000001"), 1, 2)), "0.00000001");
  assertEquals(amountText(share(parseAmount("7"), 1, 1)), "7");
});

Deno.test("compare() sees values, not digits", () => {
  assertEquals(compare(parseAmount("1.50"), parseAmount("1.5")), 0);
  assertEquals(Math.sign(compare(parseAmount("-2"), parseAmount("1.5"))), -1);
});
