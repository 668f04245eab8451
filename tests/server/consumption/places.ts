import { assert } from "@std/assert";
import fc from "fast-check";
import { changePlacement, noteTimeZone, placeMeter, removePlacement } from "../../../server/consumption/mod.ts";
import type { Tx } from "../../../server/db/mod.ts";
import type { ConsumptionSite } from "./site.ts";

/** With changes of the clocks while the meter is read, half an hour beside UTC, and as far from it as any. */
const ZONES = ["Europe/Copenhagen", "Asia/Kolkata", "America/New_York", "Pacific/Kiritimati"];

export interface House {
  property: string;
  unit: string;
  zone: string;
}

export interface Place {
  /** Which of two houses. */
  house: number;
  from: number;
  to: number | null;
}

/** What was said of where the meter is. */
export interface Said {
  houses: House[];
  places: Map<string, Place>;
}

/** Something that a person says of it. */
export type Step = (said: Said, tx: Tx) => Promise<void>;

const which = fc.nat({ max: 3 });

/** A meter is put in, put elsewhere, or was never there; or a house's time zone is another. */
export function steps(moment: fc.Arbitrary<number>): fc.Arbitrary<Step> {
  const place: fc.Arbitrary<Place> = fc.record({ house: fc.constantFrom(0, 1), from: moment, to: fc.option(moment) });
  return fc.oneof(
    place.map((wanted): Step => async (said, tx) => {
      if (!isPossible(said, wanted)) return;
      const { id } = await placeMeter(tx, 1, { meter: "1", role: "heat", startReadings: [], ...words(said, wanted) });
      said.places.set(id, wanted);
    }),
    fc.tuple(which, place).map(([index, wanted]): Step => async (said, tx) => {
      const id = [...said.places.keys()][index];
      if (id === undefined || !isPossible(said, wanted, id)) return;
      await changePlacement(tx, 1, id, words(said, wanted));
      said.places.set(id, wanted);
    }),
    which.map((index): Step => async ({ places }, tx) => {
      const id = [...places.keys()][index];
      if (id === undefined) return;
      await removePlacement(tx, 1, id);
      places.delete(id);
    }),
    fc.tuple(fc.constantFrom(0, 1), fc.constantFrom(...ZONES)).map(([index, zone]): Step => async ({ houses }, tx) => {
      const house = houses[index] as House;
      await tx`update properties set time_zone = ${zone} where property_id = ${house.property}`;
      await noteTimeZone(tx, { tenantId: 1, propertyId: house.property });
      house.zone = zone;
    }),
  );
}

/** A house of one unit; each run has its own, because what was billed stays. */
export async function house({ sql }: ConsumptionSite, number: number): Promise<House> {
  const zone = ZONES[number % 2] as string;
  const [made] = await sql<{ property: string; unit: string }[]>`
    with property as (
      insert into properties (tenant_id, name, time_zone) values (1, ${`House ${number}`}, ${zone}) returning property_id
    )
    insert into units (tenant_id, property_id, label) select 1, property_id, 'all of it' from property
    returning property_id::text as property, unit_id::text as unit`;
  assert(made !== undefined);
  return { ...made, zone };
}

function words({ houses }: Said, { house, from, to }: Place) {
  const text = (instant: number) => new Date(instant).toISOString();
  return { unitId: (houses[house] as House).unit, from: text(from), to: to === null ? null : text(to) };
}

/** The database refuses the rest. */
function isPossible({ places }: Said, { from, to }: Place, id?: string): boolean {
  const end = to ?? Infinity;
  return from < end &&
    [...places].every(([other, place]) => other === id || place.from >= end || (place.to ?? Infinity) <= from);
}
