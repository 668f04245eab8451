import { assertEquals } from "@std/assert";
import { amountText, parseAmount } from "../../../server/consumption/amount.ts";
import { withoutErrors } from "../../../server/consumption/error_readings.ts";
import type { Knot } from "../../../server/consumption/step.ts";

/** What counts of readings; of those with an exclamation mark a jump was noted, behind a bar another counter begins. */
function counting(readings: string): string {
  const knots = readings.split(" ").map((word, time): Knot => ({
    ...{
      time,
      value: parseAmount(word.replace(/[!|]/g, "")),
      suspect: word.endsWith("!"),
      fresh: word.startsWith("|"),
    },
  }));
  return withoutErrors(knots).map(({ value, afterError }) => amountText(value) + (afterError ? "*" : "")).join(" ");
}

Deno.test("withoutErrors() takes out a spike, up or down, that the counter goes on without", () => {
  assertEquals(counting("1000 99999999! 1001! 1002"), "1000 1001* 1002");
  assertEquals(counting("1000 0! 1001 1002"), "1000 1001* 1002");
  assertEquals(counting("1000 0! 5! 7! 1001! 1002"), "1000 1001* 1002");
  assertEquals(counting("1000 1500! 1200! 2000"), "1000 1500 2000*");
});

Deno.test("withoutErrors() keeps a leap and a reset that the next reading bears out", () => {
  assertEquals(counting("1000 99999998! 99999999"), "1000 99999998 99999999");
  assertEquals(counting("1000 0! 1 2"), "1000 0 1 2");
  assertEquals(counting("1000 1000! 1000"), "1000 1000 1000");
});

Deno.test("withoutErrors() lets the newest reading wait for the next, where a jump was noted", () => {
  assertEquals(counting("1000 99999999!"), "1000");
  assertEquals(counting("1000 99999999! 1001!"), "1000");
  assertEquals(counting("1000 99999999! 1001! |7 8"), "1000 7 8");
});

Deno.test("withoutErrors() believes a counter that jumps five times in a row, and one that nothing comes before", () => {
  assertEquals(counting("1000 9! 8! 7! 6! 1001"), "1000 1001*");
  assertEquals(counting("1000 9! 8! 7! 6! 5! 1001"), "1000 9 8 7 6 5 1001");
  assertEquals(counting("5! 1 2"), "5 1 2");
});
