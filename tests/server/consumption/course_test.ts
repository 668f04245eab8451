import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { add, amountText, parseAmount, ZERO } from "../../../server/consumption/amount.ts";
import { courseOf } from "../../../server/consumption/course.ts";
import type { Knot } from "../../../server/consumption/step.ts";

const DIAL = { exponent: 0, digits: null };
const knots = (...pairs: [number, string][]): Knot[] =>
  pairs.map(([time, value]) => ({ time, value: parseAmount(value) }));

function between(course: ReturnType<typeof courseOf>, start: number, end: number) {
  const portion = course.between(start, end);
  return portion && { ...portion, amount: amountText(portion.amount) };
}

Deno.test("courseOf() shares what lies between two readings by time, and says how far they are apart", () => {
  const course = courseOf(knots([0, "100"], [100, "110"], [200, "110"]), DIAL);
  assertEquals(between(course, 0, 50), { amount: "5", startGap: 0, endGap: 100, partial: false, flags: [] });
  assertEquals(between(course, 50, 150), { amount: "5", startGap: 100, endGap: 100, partial: false, flags: [] });
  assertEquals(between(course, 100, 200), { amount: "0", startGap: 0, endGap: 0, partial: false, flags: [] });
});

Deno.test("courseOf() says nothing where there are no readings, and that a portion is partial", () => {
  const course = courseOf(knots([10, "1"], [20, "2"]), DIAL);
  assertEquals(course.between(0, 10), null);
  assertEquals(course.between(20, 30), null);
  assertEquals(between(course, 0, 15)?.amount, "0.5");
  assertEquals(between(course, 0, 15)?.partial, true);
  assertEquals(courseOf([], DIAL).between(0, 1), null);
  assertEquals(courseOf(knots([5, "7"]), DIAL).between(0, 10), null);
});

Deno.test("courseOf() tells of a rollover where the reading that shows it lies", () => {
  const course = courseOf(knots([0, "99990"], [100, "10"], [200, "30"]), DIAL);
  assertEquals(between(course, 0, 50), { amount: "10", startGap: 0, endGap: 100, partial: false, flags: [] });
  assertEquals(between(course, 50, 100)?.flags, ["rollover"]);
  assertEquals(between(course, 100, 200), { amount: "20", startGap: 0, endGap: 0, partial: false, flags: [] });
});

Deno.test("courseOf() gives portions that add up to the whole exactly, wherever it is cut", () => {
  const decimal = fc.tuple(fc.integer({ min: 0, max: 10_000_000 }), fc.integer({ min: 0, max: 8 }));
  const readings = fc.uniqueArray(fc.tuple(fc.integer({ min: 0, max: 1_000_000 }), decimal), {
    selector: ([time]) => time,
    minLength: 2,
    maxLength: 20,
  });
  const cuts = fc.array(fc.integer({ min: -10, max: 1_000_010 }), { minLength: 2, maxLength: 30 });
  fc.assert(fc.property(readings, cuts, (readings, cuts) => {
    const sorted = readings.toSorted(([a], [b]) => a - b);
    const course = courseOf(
      sorted.map(([time, [digits, scale]]) => ({ time, value: { digits: BigInt(digits), scale } })),
      DIAL,
    );
    const edges = [...new Set(cuts)].sort((a, b) => a - b);
    const [first = 0, last = 0] = [edges[0], edges.at(-1)];
    const parts = edges.slice(1).map((end, index) => course.between(edges[index] as number, end)?.amount ?? ZERO);
    const whole = course.between(first, last)?.amount ?? ZERO;
    assertEquals(amountText(parts.reduce(add, ZERO)), amountText(whole));
  }));
});
