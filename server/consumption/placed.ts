import type { Tx } from "../db/mod.ts";
import { arrayLiteral } from "../ingest/array_literal.ts";
import { parseAmount } from "./amount.ts";
import { Calendar } from "./calendar.ts";
import type { Change } from "./changes.ts";
import type { Stay } from "./periods.ts";
import type { Knot } from "./step.ts";

/** A value that a person read when a meter was put in or taken out. */
export interface DialReading {
  quantity: string;
  unit: string;
  knot: Knot;
}

/** A meter's placements, and what was read from its dial at their ends. */
export interface Placed {
  stays: Stay[];
  dial: DialReading[];
}

interface Row {
  tenantId: number;
  meterId: string;
  placementId: string;
  timeZone: string;
  start: string;
  end: string | null;
  readings: { moment: "start" | "end"; quantity: string; unit: string; value: string }[];
}

/** The placements of meters, by {@linkcode placedKey}. */
export async function loadPlaced(tx: Tx, meters: readonly Pick<Change, "tenantId" | "meterId">[]) {
  const rows = await tx<Row[]>`
    select tenant_id as "tenantId", meter_id::text as "meterId", placement_id::text as "placementId",
      time_zone as "timeZone", extract(epoch from valid_from) * 1000 as start, extract(epoch from valid_to) * 1000 as end,
      coalesce((
        select json_agg(json_build_object('moment', moment, 'quantity', quantity, 'unit', unit, 'value', value::text))
        from placement_readings where (placement_readings.tenant_id, placement_readings.placement_id) =
          (placements.tenant_id, placements.placement_id)
      ), '[]') as readings
    from (
      select distinct * from unnest(
        ${arrayLiteral(meters.map(({ tenantId }) => tenantId))}::text::integer[],
        ${arrayLiteral(meters.map(({ meterId }) => meterId))}::text::bigint[]
      ) as wanted (tenant_id, meter_id)
    ) wanted
    join placements using (tenant_id, meter_id)
    join units using (tenant_id, unit_id)
    join properties using (tenant_id, property_id)
    order by tenant_id, meter_id, valid_from`;
  const calendars = new Map<string, Calendar>();
  const placed = new Map<string, Placed>();
  for (const row of rows) {
    const calendar = calendars.get(row.timeZone) ?? new Calendar(row.timeZone);
    calendars.set(row.timeZone, calendar);
    const one = placed.get(placedKey(row)) ?? { stays: [], dial: [] };
    placed.set(placedKey(row), one);
    const [start, end] = [Number(row.start), row.end === null ? Infinity : Number(row.end)];
    one.stays.push({ placementId: row.placementId, calendar, start, end });
    for (const { moment, quantity, unit, value } of row.readings) {
      const fresh = moment === "start";
      one.dial.push({ quantity, unit, knot: { time: fresh ? start : end, value: parseAmount(value), fresh } });
    }
  }
  return placed;
}

export function placedKey({ tenantId, meterId }: Pick<Change, "tenantId" | "meterId">): string {
  return `${tenantId} ${meterId}`;
}

/**
 * Readings and what was read from the dial, by time: what a counter ended with comes before a reading of the same instant,
 * what the next began with is next. Only what lies among the readings that were loaded belongs there.
 */
export function withDialReadings(readings: readonly Knot[], dial: readonly Knot[], within: {
  /** Whether the counter's first readings, or its last ones, are among these. */
  openStart: boolean;
  openEnd: boolean;
}): Knot[] {
  const first = within.openStart ? -Infinity : readings[0]?.time ?? -Infinity;
  const last = within.openEnd ? Infinity : readings.at(-1)?.time ?? Infinity;
  const among = dial.filter(({ time }) => time >= first && time <= last);
  if (among.length === 0) return [...readings];
  const rank = (knot: Knot) => knot.fresh === undefined ? 1 : knot.fresh ? 2 : 0;
  return [...readings, ...among].sort((a, b) => a.time - b.time || rank(a) - rank(b));
}
