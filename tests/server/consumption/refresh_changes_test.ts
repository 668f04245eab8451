import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { add, type Amount, amountText, parseAmount, ZERO } from "../../../server/consumption/amount.ts";
import {
  type BilledPeriod,
  closeBillingPeriod,
  findBilledPeriod,
  noteTimeZone,
  openBillingPeriod,
  removePlacement,
} from "../../../server/consumption/mod.ts";
import { tenantTransaction, type Tx } from "../../../server/db/mod.ts";
import { type House, house, type Place, type Said, type Step, steps } from "./places.ts";
import { MINUTE, type ReferencePeriod, referencePeriods } from "./reference.ts";
import { type ConsumptionSite, type Reading, site } from "./site.ts";

const START = Date.parse("2026-03-27T10:00:00Z");
const READINGS: Reading[] = Array.from({ length: 75 }, (_, index) => ({
  ...{ series: "1", time: START + index * 81 * MINUTE, value: String(index * index) },
}));

Deno.test("refreshConsumption() follows whatever is said of places and time zones, and corrects what was billed", async () => {
  await using at = await site();
  await at.take(READINGS);
  let houses = 0;
  const step = steps(fc.integer({ min: -4, max: 60 }).map((part) => START + part * 2 * 60 * MINUTE));
  const before = fc.array(fc.tuple(step, fc.boolean()), { minLength: 1, maxLength: 6 });
  await fc.assert(
    fc.asyncProperty(before, fc.array(step, { minLength: 1, maxLength: 2 }), async (before, late) => {
      const said: Said = { houses: [await house(at, ++houses), await house(at, ++houses)], places: new Map() };
      const take = (step: Step) => tenantTransaction(at.database, 1, (tx) => step(said, tx));
      for (const [step, reckonedAtOnce] of before) {
        await take(step);
        if (reckonedAtOnce) await at.refresh();
      }
      await at.refresh();
      const billed = await Promise.all(said.houses.map((house) => bill(at, house)));
      for (const step of late) await take(step);
      await at.refresh();

      await agrees(at, said);
      for (const [index, period] of billed.entries()) await addsUp(at, said, index, period);
      for (const id of said.places.keys()) await take((_, tx) => removePlacement(tx, 1, id).then(() => {}));
    }),
    { numRuns: 10 },
  );
});

Deno.test("refreshConsumption() corrects a closed year once, in however many parts it is reckoned", async () => {
  await using at = await site();
  const [first, days] = [Date.parse("2024-12-20T03:00:00Z"), 400];
  const readings = Array.from({ length: days * 4 }, (_, index): Reading => ({
    ...{ series: "1", time: first + index * 6 * 60 * MINUTE, value: String(index * index) },
  }));
  await at.take(readings);
  await at.place(1, "2020-01-01T00:00:00Z");
  await at.refresh();
  const inTenant = <T>(work: (tx: Tx) => Promise<T>) => tenantTransaction(at.database, 1, work);
  const period = await inTenant((tx) =>
    openBillingPeriod(tx, 1, { property: "1", from: "2025-01-01", to: "2026-01-01" })
  );
  const id = period?.id ?? "";
  assertEquals(await inTenant((tx) => closeBillingPeriod(tx, 1, id, new Date("2026-06-01T00:00:00Z"))), null);
  await at.sql`update properties set time_zone = 'Asia/Kolkata'`;
  await inTenant((tx) => noteTimeZone(tx, { tenantId: 1, propertyId: "1" }));
  await at.refresh();
  const billed = await inTenant((tx) => findBilledPeriod(tx, 1, id));
  const consumed = referencePeriods(readings, "Asia/Kolkata", "day").filter(({ start }) =>
    start >= "2024-12-31T18:30" && start < "2025-12-31T18:30"
  );
  assertEquals(consumed.length, 365);
  assertEquals(billed?.corrections.length, 1);
  assertEquals(amountText(sum([...billed?.figures ?? [], ...billed?.corrections ?? []])), amountText(sum(consumed)));
});

async function bill(at: ConsumptionSite, { property }: House): Promise<BilledPeriod> {
  return await tenantTransaction(at.database, 1, async (tx) => {
    const period = await openBillingPeriod(tx, 1, { property, from: "2026-03-28", to: "2026-03-30" });
    const id = period?.id ?? "";
    assertEquals(await closeBillingPeriod(tx, 1, id, new Date("2026-06-01T00:00:00Z")), null);
    return await findBilledPeriod(tx, 1, id) as BilledPeriod;
  });
}

/** Every hour, day and month of every place is what the slow and obvious way says, and there is no other. */
async function agrees({ sql }: ConsumptionSite, { houses, places }: Said) {
  const kept = await sql<{ place: string; resolution: string; start: Date; amount: string }[]>`
    select placement_id::text as place, resolution, period_start as start, amount::text from consumption
    order by placement_id, resolution, period_start`;
  const key = ({ place, resolution }: { place: string; resolution: string }) => `${place} by ${resolution}`;
  const found = Object.fromEntries(
    [...Map.groupBy(kept, key)].map(([of, rows]) => [
      of,
      rows.map(({ start, amount }) => ({ start: start.toISOString(), amount: amountText(parseAmount(amount)) })),
    ]),
  );
  const wanted: Record<string, ReferencePeriod[]> = {};
  for (const resolution of ["hour", "day", "month"] as const) {
    for (const [id, { house, from, to }] of places) {
      const zone = (houses[house] as House).zone;
      wanted[key({ place: id, resolution })] = referencePeriods(READINGS, zone, resolution, {
        from,
        to: to ?? Infinity,
      });
    }
    wanted[key({ place: "0", resolution })] = together(
      betweenPlaces([...places.values()]).flatMap((stay) => referencePeriods(READINGS, "UTC", resolution, stay)),
    );
  }
  assertEquals(found, Object.fromEntries(Object.entries(wanted).filter(([, periods]) => periods.length > 0)));
}

function betweenPlaces(places: Place[]): { from: number; to: number }[] {
  const sorted = places.toSorted((a, b) => a.from - b.from);
  const starts = [-Infinity, ...sorted.map(({ to }) => to ?? Infinity)];
  const ends = [...sorted.map(({ from }) => from), Infinity];
  return starts.map((from, index) => ({ from, to: ends[index] as number })).filter(({ from, to }) => from < to);
}

/** A meter may have been in no unit twice in a period. */
function together(periods: ReferencePeriod[]): ReferencePeriod[] {
  return [...Map.groupBy(periods, ({ start }) => start)].map(([start, of]) => ({ start, amount: amountText(sum(of)) }));
}

/** Figures stay as they were, and with their corrections are what was consumed on these days of the calendar of today. */
async function addsUp(at: ConsumptionSite, { houses, places }: Said, index: number, { id, figures }: BilledPeriod) {
  const now = await tenantTransaction(at.database, 1, (tx) => findBilledPeriod(tx, 1, id));
  assertEquals(now?.figures, figures);
  const { zone } = houses[index] as House;
  const dayOf = new Intl.DateTimeFormat("en-CA", { timeZone: zone, dateStyle: "short" });
  const consumed = [...places.values()].filter(({ house }) => house === index).flatMap(({ from, to }) =>
    referencePeriods(READINGS, zone, "day", { from, to: to ?? Infinity }).filter(({ start }) =>
      ["2026-03-28", "2026-03-29"].includes(dayOf.format(new Date(start)))
    )
  );
  assertEquals(amountText(sum([...figures, ...now?.corrections ?? []])), amountText(sum(consumed)));
  // Nothing is noted to be taken back: one correction for each of the late steps at most.
  assert((now?.corrections.length ?? 0) <= 2);
}

function sum(parts: { amount: string }[]): Amount {
  return parts.map(({ amount }) => parseAmount(amount)).reduce(add, ZERO);
}
