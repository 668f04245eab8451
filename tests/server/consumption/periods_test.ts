import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { amountText, parseAmount } from "../../../server/consumption/amount.ts";
import { Calendar } from "../../../server/consumption/calendar.ts";
import { courseOf } from "../../../server/consumption/course.ts";
import { withoutErrors } from "../../../server/consumption/error_readings.ts";
import { periodsOf } from "../../../server/consumption/periods.ts";
import { readingsAround, referencePeriods, ZONES } from "./reference.ts";

Deno.test("periodsOf() agrees with the slow and obvious reckoning, across changes of the clocks", () => {
  for (const [zone, center] of ZONES) {
    const stay = { placementId: "1", calendar: new Calendar(zone), start: -Infinity, end: Infinity };
    fc.assert(
      fc.property(readingsAround(Date.parse(center)), (readings) => {
        const knots = withoutErrors(
          readings.map(({ time, value, jumped }) => ({
            ...{ time: Number(time), value: parseAmount(value), suspect: jumped },
          })).sort((a, b) => a.time - b.time),
        );
        const span = { start: knots[0]?.time ?? 0, end: knots.at(-1)?.time ?? 0 };
        const periods = periodsOf(courseOf(knots, { exponent: 0, digits: null }), stay, span);
        for (const unit of ["hour", "day"] as const) {
          const found = periods.filter(({ resolution }) => resolution === unit)
            .map(({ start, amount }) => ({ start: new Date(start).toISOString(), amount: amountText(amount) }));
          assertEquals(found, referencePeriods(readings, zone, unit));
        }
      }),
      { numRuns: 25 },
    );
  }
});
