import type { Tx } from "../db/mod.ts";
import { notePlacement } from "./changes.ts";
import { listPlacements, type Placement, placementKept, type StatedReading, stateReadings } from "./placements.ts";

/** What is to be otherwise about a placement; what is absent stays. */
export interface PlacementChange {
  unitId?: string;
  meter?: string;
  role?: string;
  from?: string;
  /** Null: the meter is there still, and what was read at its end goes. */
  to?: string | null;
  startReadings?: StatedReading[];
  endReadings?: StatedReading[];
}

/**
 * Corrects what was said of a meter's place. All that it touches is reckoned anew; closed billing periods are corrected.
 *
 * @returns null where there is no such placement.
 * @throws {postgres.PostgresError} 23P01 where the meter is in another place then, 23503 where there is no such unit or
 * meter, 23514 or 22000 where it ends before it begins.
 */
export async function changePlacement(
  tx: Tx,
  tenantId: number,
  placementId: string,
  change: PlacementChange,
): Promise<Placement | null> {
  const before = await lockPlacement(tx, tenantId, placementId);
  if (before === null) return null;
  const { unitId = before.unitId, meter = before.meter, role = before.role } = change;
  const from = change.from ?? before.from.toISOString();
  const to = change.to === undefined ? before.to?.toISOString() ?? null : change.to;
  await tx`
    update placements
    set unit_id = ${unitId}::text::bigint, meter_id = ${meter}::text::bigint, role = ${role},
      valid_from = ${from}::text::timestamptz, valid_to = ${to}::text::timestamptz
    where tenant_id = ${tenantId} and placement_id = ${placementId}::text::bigint`;
  const endReadings = to === null ? [] : change.endReadings;
  for (const [moment, readings] of [["start", change.startReadings], ["end", endReadings]] as const) {
    if (readings === undefined) continue;
    await tx`
      delete from placement_readings
      where tenant_id = ${tenantId} and placement_id = ${placementId}::text::bigint and moment = ${moment}`;
    await stateReadings(tx, { tenantId, placementId, moment }, readings);
  }
  await notePlacement(tx, { tenantId, meterId: before.meter, from: before.from.toISOString(), to: textOf(before.to) });
  await notePlacement(tx, { tenantId, meterId: meter, from, to });
  return await placementKept(tx, tenantId, placementId);
}

/**
 * Takes back that a meter was ever there. What it consumed is reckoned anew, as being in no unit.
 *
 * @returns null where there is no such placement.
 */
export async function removePlacement(tx: Tx, tenantId: number, placementId: string): Promise<Placement | null> {
  const before = await lockPlacement(tx, tenantId, placementId);
  if (before === null) return null;
  await tx`
    delete from placements where tenant_id = ${tenantId} and placement_id = ${placementId}::text::bigint`;
  await notePlacement(tx, { tenantId, meterId: before.meter, from: before.from.toISOString(), to: textOf(before.to) });
  return before;
}

/** As it stands; nobody else changes it until the transaction ends. */
async function lockPlacement(tx: Tx, tenantId: number, id: string): Promise<Placement | null> {
  await tx`
    select from placements where tenant_id = ${tenantId} and placement_id = ${id}::text::bigint for update`;
  const [placement] = await listPlacements(tx, tenantId, { id });
  return placement ?? null;
}

function textOf(instant: Date | null): string | null {
  return instant?.toISOString() ?? null;
}
