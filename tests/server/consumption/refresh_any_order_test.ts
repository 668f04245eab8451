import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { amountText, parseAmount } from "../../../server/consumption/amount.ts";
import { endPlacement, placeMeter } from "../../../server/consumption/mod.ts";
import { tenantTransaction } from "../../../server/db/mod.ts";
import { embeddedDatabase, testDatabase } from "../../fixtures/private_postgres.ts";
import { MINUTE, readingsAround, referencePeriods, ZONES } from "./reference.ts";
import { type ConsumptionSite, site } from "./site.ts";

Deno.test("refreshConsumption() comes to the slow and obvious reckoning in whatever order readings arrive", async () => {
  await agreesIn(testDatabase, ZONES, 8);
});

Deno.test("refreshConsumption() comes to the same on the embedded database", async () => {
  await agreesIn(embeddedDatabase, ZONES.slice(0, 1), 4);
});

Deno.test("refreshConsumption() comes to the same as reckoning all anew, however meters are put in and taken out", async () => {
  await using at = await site();
  await at.sql`
    insert into properties (tenant_id, name, time_zone) values (1, 'Elsewhere', 'Asia/Kolkata')`;
  await at.sql`insert into units (tenant_id, property_id, label) values (1, 2, 'Shop')`;
  const from = Date.parse("2026-01-01T00:00:00Z");
  const days = fc.integer({ min: 0, max: 200 * 8 }).map((eighth) =>
    new Date(from + eighth * 3 * 60 * MINUTE).toISOString()
  );
  const moves = fc.uniqueArray(days, { minLength: 1, maxLength: 6 }).map((all) => all.toSorted());
  await fc.assert(
    fc.asyncProperty(moves, fc.infiniteStream(fc.boolean()), async (moves, coins) => {
      await forget(at);
      await at.sql`delete from placements`;
      await at.take(Array.from({ length: 60 }, (_, index) => ({
        series: "1",
        time: from + index * 81 * 60 * MINUTE,
        value: String(index * 100),
      })));
      let placementId: string | null = null;
      for (const [index, time] of moves.entries()) {
        placementId = await tenantTransaction(at.database, 1, async (tx) => {
          if (placementId !== null) {
            await endPlacement(tx, 1, { placementId, to: time, endReadings: [] });
            return null;
          }
          const place = { unitId: String(index % 4 === 0 ? 1 : 2), meter: "1", role: "heat", from: time };
          return (await placeMeter(tx, 1, { ...place, startReadings: [] })).id;
        });
        if (coins.next().value) await at.refresh();
      }
      await at.refresh();
      const kept = await everything(at);
      await at.sql`delete from consumption`;
      await at.sql`
        insert into consumption_changes (tenant_id, first, last, series_ids)
        select 1, min(time), max(time), array[1] from readings`;
      await at.refresh();
      assertEquals(kept, await everything(at));
      assertEquals(kept.length > 0, true);
    }),
    { numRuns: 6 },
  );
});

async function everything({ sql }: ConsumptionSite) {
  return [...await sql`select * from consumption order by placement_id, resolution, period_start`];
}

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
