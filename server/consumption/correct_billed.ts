import type { Tx } from "../db/mod.ts";
import { arrayLiteral } from "../ingest/array_literal.ts";
import { isDayBilled } from "./billed_days.ts";
import type { Span } from "./calendar.ts";
import type { Change } from "./changes.ts";

/**
 * Where what was billed is no longer what was consumed, adds the difference as a correction: to the figure of a counter in
 * a closed period, or to none where there was no figure. A period of which a part still waits to be reckoned is corrected
 * with that part, so that nothing is noted only to be taken back.
 */
export async function correctBilled(tx: Tx, changed: (Pick<Change, "tenantId" | "seriesId"> & Span)[]) {
  const column = <K extends keyof (typeof changed)[number]>(name: K) => arrayLiteral(changed.map((one) => one[name]));
  await tx`
    with closed as (
      select distinct tenant_id, series_id, billing_period_id, property_id, first_day, end_day, time_zone
      from (
        select tenant_id, series_id, to_timestamp(first / 1000.0) as first, to_timestamp(behind / 1000.0) as behind
        from unnest(
          ${column("tenantId")}::text::integer[],
          ${column("seriesId")}::text::bigint[],
          ${column("start")}::text::bigint[],
          ${column("end")}::text::bigint[]
        ) as row (tenant_id, series_id, first, behind)
      ) changed
      join billing_periods using (tenant_id)
      join properties using (tenant_id, property_id)
      where closed_at is not null and first_day - 2 <= changed.behind and end_day + 2 > changed.first
        and not exists (
          select from consumption_changes waiting
          where waiting.tenant_id = changed.tenant_id and changed.series_id = any (waiting.series_ids)
            and waiting.first < end_day + 2 and waiting.last >= first_day - 2
        )
    )
    insert into billing_corrections (tenant_id, billing_period_id, unit_id, role, series_id, amount)
    select tenant_id, billing_period_id, unit_id, role, series_id, trim_scale(sum(amount))
    from (
      select tenant_id, billing_period_id, unit_id, role, series_id, consumption.amount
      from closed
      join units using (tenant_id, property_id)
      join placements using (tenant_id, unit_id)
      join consumption using (tenant_id, series_id, placement_id)
      where ${isDayBilled(tx)}
      union all
      select tenant_id, billing_period_id, unit_id, role, series_id, -billing_figures.amount
      from closed join billing_figures using (tenant_id, billing_period_id, series_id)
      union all
      select tenant_id, billing_period_id, unit_id, role, series_id, -billing_corrections.amount
      from closed join billing_corrections using (tenant_id, billing_period_id, series_id)
    ) part
    group by tenant_id, billing_period_id, unit_id, role, series_id
    having sum(amount) <> 0`;
}
