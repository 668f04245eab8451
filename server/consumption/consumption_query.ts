import type { Tx } from "../db/mod.ts";

/** What a register consumed in a period, all meters of its kind in a unit together. */
export interface ConsumptionRow {
  /** The period's first instant, and the one behind its last. */
  start: Date;
  end: Date;
  /** Null: while the meter was in no unit. */
  unitId: string | null;
  role: string | null;
  meters: string[];
  quantity: string;
  unit: string;
  tariff: number;
  subunit: number;
  modifiers: string;
  occurrence: number;
  /** An exact decimal. */
  amount: string;
  interpolated: boolean;
  partial: boolean;
  flags: string[];
}

export interface ConsumptionQuery {
  unit: string | null;
  meter: string | null;
  resolution: "hour" | "day" | "month";
  /** The first day, and the one behind the last, by the property's calendar. */
  from: string;
  to: string;
  limit: number;
}

/** Consumption of a unit or a meter, by register and then by time. Tariffs and subunits are not added to the total. */
export async function selectConsumption(tx: Tx, tenantId: number, query: ConsumptionQuery): Promise<ConsumptionRow[]> {
  const { unit, meter, resolution, from, to, limit } = query;
  return await tx<ConsumptionRow[]>`
    select period_start as start, period_end as end, unit_id::text as "unitId", role,
      array_agg(distinct meter_id::text) as meters, quantity, unit, tariff::float8 as tariff, subunit::float8 as subunit,
      modifiers, occurrence, trim_scale(sum(amount))::text as amount,
      bool_or(start_interpolated or end_interpolated) as interpolated, bool_or(partial) as partial,
      array(
        select distinct flag from unnest(string_to_array(string_agg(array_to_string(flags, ' '), ' '), ' ')) flag
        where flag <> '' order by flag
      ) as flags
    from series
    join consumption using (tenant_id, series_id)
    left join placements using (tenant_id, meter_id, placement_id)
    left join units using (tenant_id, unit_id)
    left join properties using (tenant_id, property_id)
    where tenant_id = ${tenantId} and resolution = ${resolution}
      and (${meter}::text is null or meter_id = ${meter}::text::bigint)
      and (${unit}::text is null or series.meter_id in (
        select placed.meter_id from placements placed
        where placed.tenant_id = ${tenantId} and placed.unit_id = ${unit}::text::bigint
      ))
      and (${unit}::text is null or unit_id = ${unit}::text::bigint)
      and period_end > ${from}::text::date - 2 and period_start < ${to}::text::date + 2
      and (period_start at time zone coalesce(time_zone, 'UTC'))::date < ${to}::text::date
      and ((period_end - interval '1 microsecond') at time zone coalesce(time_zone, 'UTC'))::date >= ${from}::text::date
    group by period_start, period_end, unit_id, role, quantity, unit, tariff, subunit, modifiers, occurrence
    order by unit_id, role, quantity, unit, tariff, subunit, modifiers, occurrence, period_start
    limit ${limit}`;
}
