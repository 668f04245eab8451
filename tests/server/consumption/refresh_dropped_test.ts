import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { changePlacement, placeMeter, removePlacement } from "../../../server/consumption/mod.ts";
import { tenantTransaction } from "../../../server/db/mod.ts";
import { house, type Said, type Step, steps } from "./places.ts";
import { type ConsumptionSite, type Reading, site } from "./site.ts";

const HOUR = 3_600_000;
const START = Date.parse("2026-01-14T23:00:00Z");
const LONG_BEFORE = Date.parse("2026-01-22T23:00:00Z");
const FROM = "2020-01-01T00:00:00Z";

/** One reading an hour, ten more each, for so many days. */
function hourly(days: number, start = START): Reading[] {
  return Array.from({ length: days * 24 + 1 }, (_, index) => ({
    ...{ series: "1", time: start + index * HOUR, value: String(1000 + index * 10) },
  }));
}

/** Forty days from the middle of January on were reckoned; then the readings of January are dropped. */
async function dropped(place?: string) {
  const at = await site();
  if (place !== undefined) await at.place(1, place);
  await at.take(hourly(40));
  await at.refresh();
  await at.sql`select drop_months_before('readings', '2026-02-15')`;
  return at;
}

/** Sums of all hours, days and months, of each place. */
async function sums({ sql }: ConsumptionSite) {
  const rows = await sql`
    select placement_id, resolution, trim_scale(sum(amount))::text as amount from consumption
    group by placement_id, resolution order by 1, array_position(array['hour', 'day', 'month'], resolution)`;
  return Object.fromEntries([...Map.groupBy(rows, (row) => `place ${row.placement_id}`)]
    .map(([place, of]) => [place, of.map(({ amount }) => Number(amount))]));
}

Deno.test("refreshConsumption() leaves a day that began among dropped readings as it is, whatever comes late", async () => {
  await using at = await dropped(FROM);
  const before = await at.sql`select * from consumption where period_start < '2026-02-02' order by 4, 5`;
  assertEquals(await sums(at), { "place 1": [9600, 9600, 9600] });
  // The day of Copenhagen begins an hour before February of UTC does.
  await at.take([{ series: "1", time: "2026-02-01T00:30:00Z", value: "5097" }]);
  await at.take([{ series: "1", time: "2026-02-03T12:30:00Z", value: "5698" }]);
  await at.refresh();
  assertEquals(await at.sql`select * from consumption where period_start < '2026-02-02' order by 4, 5`, before);
  assertEquals(await sums(at), { "place 1": [9600, 9600, 9600] });
});

Deno.test("refreshConsumption() gives a unit nothing of a time whose readings were dropped, and loses nothing of it", async () => {
  await using at = await dropped();
  const place = { unitId: "1", meter: "1", role: "heat", from: FROM, startReadings: [] };
  await tenantTransaction(at.database, 1, (tx) => placeMeter(tx, 1, place));
  await at.refresh();
  assertEquals(await sums(at), { "place 0": [4090, 4090, 4090], "place 1": [5510, 5510, 5510] });
  const days = await at.consumption("day");
  assertEquals(days.slice(17, 20).map((row) => [...row]), [
    ["2026-01-31T00:00:00.000Z", "240", ""],
    ["2026-01-31T23:00:00.000Z", "230", "partial"],
    ["2026-02-01T23:00:00.000Z", "240", ""],
  ]);
  assertEquals((await at.consumption("month")).map((row) => row.slice(1)), [["4090", "partial"], ["5510", "partial"]]);
});

Deno.test("refreshConsumption() invents nothing between what a dial showed long ago and the first reading that is kept", async () => {
  await using at = await dropped(FROM);
  await at.sql`
    insert into placement_readings (tenant_id, placement_id, moment, quantity, unit, value)
    values (1, 1, 'start', 'energy', 'Wh', 0)`;
  await tenantTransaction(at.database, 1, (tx) => changePlacement(tx, 1, "1", { role: "cooling" }));
  await at.refresh();
  assertEquals(await sums(at), { "place 1": [9600, 9600, 9600] });
});

Deno.test("refreshConsumption() takes no more from a place that was none than what can be reckoned anew", async () => {
  await using at = await dropped(FROM);
  await tenantTransaction(at.database, 1, (tx) => removePlacement(tx, 1, "1"));
  await at.refresh();
  // Until the end of the day that began in January, by the calendar that it was reckoned by.
  assertEquals(await sums(at), { "place 0": [5280, 5280, 5280], "place 1": [4320, 4320, 4320] });
});

Deno.test("refreshConsumption() does not join a reading of a dropped month to what is kept", async () => {
  await using at = await dropped(FROM);
  const before = await at.consumption("day");
  await at.take([{ series: "1", time: "2026-01-20T00:30:00Z", value: "2250" }]);
  await at.refresh();
  assertEquals(await at.consumption("day"), before);
});

Deno.test("refreshConsumption() loses and invents nothing, whatever is said of places after readings were dropped", async () => {
  await using at = await site();
  const step = steps(fc.integer({ min: 0, max: 20 * 6 }).map((part) => LONG_BEFORE + part * 4 * HOUR));
  const all = fc.array(step, { minLength: 1, maxLength: 3 });
  let houses = 0;
  await fc.assert(
    fc.asyncProperty(all, all, fc.array(fc.nat({ max: 19 * 24 }), { maxLength: 3 }), async (before, after, late) => {
      for (const table of ["placements", "readings", "consumption", "consumption_changes", "dropped_until"]) {
        await at.sql`delete from ${at.sql(table)}`;
      }
      const said: Said = { houses: [await house(at, ++houses), await house(at, ++houses)], places: new Map() };
      const take = (step: Step) => tenantTransaction(at.database, 1, (tx) => step(said, tx));
      for (const step of before) await take(step);
      const readings = hourly(20, LONG_BEFORE);
      await at.take(readings);
      await at.refresh();
      await at.sql`select drop_months_before('readings', '2026-02-15')`;
      for (const step of after) {
        await take(step);
        await at.refresh();
      }
      await at.take(late.map((hour) => ({
        ...{ series: "1", time: LONG_BEFORE + (hour + 0.5) * HOUR, value: String(1005 + hour * 10) },
      })));
      await at.refresh();
      const totals = Object.values(await sums(at)).reduce((a, b) => a.map((sum, index) => sum + (b[index] ?? 0)), [
        0,
        0,
        0,
      ]);
      assertEquals(totals, [4800, 4800, 4800]);
    }),
    { numRuns: 10 },
  );
});
