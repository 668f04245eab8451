import type { Tx } from "../db/mod.ts";
import { arrayLiteral } from "../ingest/array_literal.ts";
import { notePlacement } from "./changes.ts";

/** What a person read from a meter's dial, in the unit of the series that it belongs to. */
export interface StatedReading {
  quantity: string;
  unit: string;
  /** An exact decimal. */
  value: string;
}

/** A meter in a unit; `to` is behind the last instant, null while it is there. */
export interface Placement {
  id: string;
  unitId: string;
  meter: string;
  /** The part that it plays there: `heat`, `cold_water`. */
  role: string;
  from: Date;
  to: Date | null;
  startReadings: StatedReading[];
  endReadings: StatedReading[];
}

/**
 * Puts a meter into a unit; with `to`, for a time that is over.
 *
 * @throws {postgres.PostgresError} 23P01 where it is in another place then, 23503 where there is no such unit or meter,
 * 23514 or 22000 where it ends before it begins.
 */
export async function placeMeter(tx: Tx, tenantId: number, wanted: {
  unitId: string;
  meter: string;
  role: string;
  from: string;
  to?: string | null;
  startReadings: StatedReading[];
  endReadings?: StatedReading[];
}): Promise<Placement> {
  const { unitId, meter, role, from, to = null, startReadings, endReadings = [] } = wanted;
  const [made] = await tx<{ id: string }[]>`
    insert into placements (tenant_id, unit_id, meter_id, role, valid_from, valid_to)
    values (${tenantId}, ${unitId}::text::bigint, ${meter}::text::bigint, ${role}, ${from}::text::timestamptz,
      ${to}::text::timestamptz)
    returning placement_id::text as id`;
  if (made === undefined) throw new Error("Cannot place meter: the database returned no row");
  await stateReadings(tx, { tenantId, placementId: made.id, moment: "start" }, startReadings);
  await stateReadings(tx, { tenantId, placementId: made.id, moment: "end" }, endReadings);
  await notePlacement(tx, { tenantId, meterId: meter, from, to });
  return await placementKept(tx, tenantId, made.id);
}

/**
 * Takes a meter out of its unit.
 *
 * @returns null where it is in no place of this id any more.
 */
export async function endPlacement(tx: Tx, tenantId: number, ending: {
  placementId: string;
  to: string;
  endReadings: StatedReading[];
}): Promise<Placement | null> {
  const { placementId, to, endReadings } = ending;
  const [ended] = await tx<{ meter: string }[]>`
    update placements set valid_to = ${to}::text::timestamptz
    where tenant_id = ${tenantId} and placement_id = ${placementId}::text::bigint and valid_to is null
    returning meter_id::text as meter`;
  if (ended === undefined) return null;
  await stateReadings(tx, { tenantId, placementId, moment: "end" }, endReadings);
  await notePlacement(tx, { tenantId, meterId: ended.meter, from: to, to: null });
  return await placementKept(tx, tenantId, placementId);
}

/** A tenant's placements behind the id `after`, of a unit or of a meter where one is named. */
export async function listPlacements(
  tx: Tx,
  tenantId: number,
  { unit = null, meter = null, id = null, after = "0", limit = 1 }: {
    unit?: string | null;
    meter?: string | null;
    id?: string | null;
    after?: string;
    limit?: number;
  },
): Promise<Placement[]> {
  const readings = (moment: "start" | "end") =>
    tx`coalesce((
      select json_agg(json_build_object('quantity', quantity, 'unit', unit, 'value', value::text) order by quantity, unit)
      from placement_readings
      where (placement_readings.tenant_id, placement_readings.placement_id) =
          (placements.tenant_id, placements.placement_id)
        and moment = ${moment}
    ), '[]')`;
  return await tx<Placement[]>`
    select placement_id::text as id, unit_id::text as "unitId", meter_id::text as meter, role, valid_from as "from",
      valid_to as "to", ${readings("start")} as "startReadings", ${readings("end")} as "endReadings"
    from placements
    where tenant_id = ${tenantId} and placement_id > ${after}::text::bigint
      and (${id}::text is null or placement_id = ${id}::text::bigint)
      and (${unit}::text is null or unit_id = ${unit}::text::bigint)
      and (${meter}::text is null or meter_id = ${meter}::text::bigint)
    order by placement_id limit ${limit}`;
}

/** A placement as it was written. */
export async function placementKept(tx: Tx, tenantId: number, id: string): Promise<Placement> {
  const [placement] = await listPlacements(tx, tenantId, { id });
  if (placement === undefined) throw new Error("Cannot place meter: what was written cannot be read back");
  return placement;
}

/** Writes down what was read when a meter was put in or taken out. */
export async function stateReadings(
  tx: Tx,
  { tenantId, placementId, moment }: { tenantId: number; placementId: string; moment: "start" | "end" },
  readings: StatedReading[],
) {
  await tx`
    insert into placement_readings (tenant_id, placement_id, moment, quantity, unit, value)
    select ${tenantId}, ${placementId}::text::bigint, ${moment}, quantity, unit, value
    from unnest(
      ${arrayLiteral(readings.map(({ quantity }) => quantity))}::text::text[],
      ${arrayLiteral(readings.map(({ unit }) => unit))}::text::text[],
      ${arrayLiteral(readings.map(({ value }) => value))}::text::numeric[]
    ) as row (quantity, unit, value)`;
}
