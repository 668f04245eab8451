import { assertEquals } from "@std/assert";
import { amountText, parseAmount } from "../../../server/consumption/amount.ts";
import { type Register, stepBetween } from "../../../server/consumption/step.ts";

const KWH: Register = { exponent: 0, digits: null };

function step(before: string, after: string, register = KWH, fresh?: boolean) {
  const { amount, flag } = stepBetween(
    { time: 0, value: parseAmount(before) },
    { time: 1, value: parseAmount(after), fresh },
    register,
  );
  return [amountText(amount), flag];
}

Deno.test("stepBetween() counts up, exactly", () => {
  assertEquals(step("12.345", "12.4"), ["0.055", null]);
  assertEquals(step("7", "7"), ["0", null]);
  assertEquals(step("0.1", "9007199254740993.3"), ["9007199254740993.2", null]);
});

Deno.test("stepBetween() goes over the end of a dial: 99,999 to 3 is 4", () => {
  assertEquals(step("99999", "3"), ["4", "rollover"]);
  assertEquals(step("99999.98", "0.03", { exponent: -2, digits: null }), ["0.05", "rollover"]);
  assertEquals(step("99999000", "3000", { exponent: 3, digits: null }), ["4000", "rollover"]);
});

Deno.test("stepBetween() knows the dial's length from the telegram, and that a dial may be shorter than its field", () => {
  assertEquals(step("9990", "5", { exponent: 0, digits: 4 }), ["15", "rollover"]);
  assertEquals(step("99999999", "1", { exponent: 0, digits: 8 }), ["2", "rollover"]);
  assertEquals(step("99999", "3", { exponent: 0, digits: 8 }), ["4", "rollover"]);
  assertEquals(step("950000000", "3", { exponent: 0, digits: 8 }), ["3", "reset"]);
});

Deno.test("stepBetween() takes 9,990 to 5 for another counter: no dial is so short", () => {
  assertEquals(step("9990", "5"), ["5", "reset"]);
  assertEquals(step("9990000", "5000", { exponent: 3, digits: null }), ["5000", "reset"]);
});

Deno.test("stepBetween() counts from zero after a reset, where the counter was not about to roll over", () => {
  assertEquals(step("50000", "12"), ["12", "reset"]);
  assertEquals(step("99999", "20000"), ["20000", "reset"]);
  assertEquals(step("99999", "3", { exponent: null, digits: null }), ["3", "reset"]);
});

Deno.test("stepBetween() takes a small fall for what flowed back", () => {
  assertEquals(step("100", "90"), ["-10", "backwards"]);
  assertEquals(step("100", "89"), ["89", "reset"]);
  assertEquals(step("-5", "-7"), ["-2", "backwards"]);
});

Deno.test("stepBetween() counts nothing between one counter and the next", () => {
  assertEquals(step("9990", "5", KWH, true), ["0", "exchange"]);
  assertEquals(step("5", "9990", KWH, true), ["0", "exchange"]);
});
