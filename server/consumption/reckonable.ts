import type { Tx } from "../db/mod.ts";
import { arrayLiteral } from "../ingest/array_literal.ts";
import type { Span } from "./calendar.ts";
import type { Change } from "./changes.ts";

type OfSeries = Pick<Change, "tenantId" | "seriesId">;

/** Up to when readings were dropped, and with them what could be reckoned anew; null where none were. */
export async function readingsDroppedUntil(tx: Tx): Promise<Date | null> {
  const [dropped] = await tx<{ until: Date }[]>`select until from dropped_until where parent = 'readings'`;
  return dropped?.until ?? null;
}

/**
 * For each stretch since when its counter can be reckoned anew; −Infinity where no readings were ever dropped. What was
 * reckoned from dropped ones stays, and with it whatever of a day reaches behind the first reading that is kept: nothing is
 * lost by it, and nothing counted twice.
 */
export async function reckonableSince(tx: Tx, stretches: (OfSeries & Span)[]): Promise<number[]> {
  const dropped = await readingsDroppedUntil(tx);
  if (dropped === null) return stretches.map(() => -Infinity);
  const rows = await tx<{ since: string }[]>`
    select extract(epoch from greatest(kept.until, ${dropped})) * 1000 as since
    from ${wanted(tx, stretches)}
    cross join lateral (
      select coalesce(min(time), 'infinity') as time from readings
      where (readings.tenant_id, readings.series_id) = (wanted.tenant_id, wanted.series_id) and time >= ${dropped}
    ) oldest
    left join lateral (
      with recursive days as (
        select period_start, period_end from consumption
        where (consumption.tenant_id, consumption.series_id) = (wanted.tenant_id, wanted.series_id)
          and resolution = 'day'
      ), kept (until) as (
        select max(period_end) from days
        where period_start < oldest.time
          and wanted.instant < oldest.time + interval '3 days' -- further on nothing was reckoned from what is gone
        having min(period_start) < ${dropped}
        union -- a meter that was moved that day has days of two calendars
        select (select max(period_end) from days where period_start < kept.until) from kept
      )
      select max(until) as until from kept
    ) kept on true
    order by wanted.index`;
  return rows.map(({ since }) => Math.ceil(Number(since)));
}

/** Of each stretch its start. */
function wanted(tx: Tx, stretches: (OfSeries & Span)[]) {
  return tx`(
    select tenant_id, series_id, to_timestamp(first / 1000.0) as instant, index
    from unnest(
      ${arrayLiteral(stretches.map(({ tenantId }) => tenantId))}::text::integer[],
      ${arrayLiteral(stretches.map(({ seriesId }) => seriesId))}::text::bigint[],
      ${arrayLiteral(stretches.map(({ start }) => start))}::text::bigint[]
    ) with ordinality as row (tenant_id, series_id, first, index)
  ) wanted`;
}
