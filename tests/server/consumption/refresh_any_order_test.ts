import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { amountText, parseAmount } from "../../../server/consumption/amount.ts";
import { embeddedDatabase, testDatabase } from "../../fixtures/private_postgres.ts";
import { readingsAround, referencePeriods, ZONES } from "./reference.ts";
import { type ConsumptionSite, site } from "./site.ts";

Deno.test("refreshConsumption() comes to the slow and obvious reckoning in whatever order readings arrive", async () => {
  await agreesIn(testDatabase, ZONES, 8);
});

Deno.test("refreshConsumption() comes to the same on the embedded database", async () => {
  await agreesIn(embeddedDatabase, ZONES.slice(0, 1), 4);
});

async function agreesIn(database: typeof testDatabase, zones: typeof ZONES, numRuns: number) {
  for (const [zone, center] of zones) {
    await using at = await site({ timeZone: zone, database });
    await at.place(1, "2020-01-01T00:00:00Z");
    const arrivals = readingsAround(Date.parse(center)).chain((readings) =>
      fc.tuple(
        fc.constant(readings),
        fc.array(fc.nat({ max: readings.length - 1 }), { maxLength: 4 }),
        fc.array(fc.nat({ max: 1500 }), { minLength: 4, maxLength: 4 }),
      )
    );
    await fc.assert(
      fc.asyncProperty(arrivals, async ([readings, cuts, revisions]) => {
        await forget(at);
        // in parts, each reckoned at once; then some values again, otherwise
        const edges = [0, ...cuts.toSorted((a, b) => a - b), readings.length];
        for (const [index, start] of edges.slice(0, -1).entries()) {
          await at.take(readings.slice(start, edges[index + 1]));
          await at.refresh();
        }
        const revised = cuts.flatMap((index, n) => {
          const reading = readings[index];
          return reading === undefined ? [] : [{ ...reading, value: String(revisions[n]) }];
        });
        for (const reading of revised) await at.take([reading]);
        await at.refresh();
        for (const unit of ["hour", "day", "month"] as const) {
          const found = (await at.consumption(unit)).map(([start, amount]) => ({ start, amount: short(amount) }));
          assertEquals(found, referencePeriods([...readings, ...revised], zone, unit));
        }
      }),
      { numRuns },
    );
  }
}

async function forget({ sql }: ConsumptionSite) {
  await sql`delete from readings`;
  await sql`delete from consumption`;
  await sql`delete from consumption_changes`;
}

/** Without the zeros that a sum of `numeric` carries on. */
function short(amount: string): string {
  return amountText(parseAmount(amount));
}
