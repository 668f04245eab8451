import type { Tx } from "../../db/mod.ts";
import type { PlotPoint } from "./plot.tsx";

/** A series to plot; `relative`: as what was added since the first point. */
export interface SeriesToPlot {
  seriesId: string;
  relative: boolean;
}

/** The newest values of some series, each in the order of time. */
export async function seriesPoints(
  tx: Tx,
  tenantId: number,
  series: readonly SeriesToPlot[],
  limit: number,
): Promise<Map<string, PlotPoint[]>> {
  if (series.length === 0) return new Map();
  const rows = await tx<{ seriesId: string; time: Date; value: number }[]>`
    select wanted.series_id::text as "seriesId", newest.time, newest.value
    from unnest(
      ${`{${series.map(({ seriesId }) => seriesId)}}`}::text::bigint[],
      ${`{${series.map(({ relative }) => relative)}}`}::text::boolean[]
    ) as wanted (series_id, relative)
    cross join lateral (
      select time, (value - case when wanted.relative then first_value(value) over (order by time) else 0 end)::float8
        as value
      from (
        select time, value from readings
        where tenant_id = ${tenantId} and series_id = wanted.series_id and is_current
        order by time desc limit ${limit}
      ) newest
      order by time
    ) newest`;
  return Map.groupBy(rows, ({ seriesId }) => seriesId);
}

/**
 * A series over a period in at most `buckets` points: the period is parted evenly, and each part gives its last value,
 * found by one step into the index, however many values there are.
 *
 * @param from the beginning of the period, or null for the first reading.
 */
export async function periodPoints(
  tx: Tx,
  tenantId: number,
  { seriesId, relative }: SeriesToPlot,
  { from, to, buckets }: { from: Date | null; to: Date; buckets: number },
): Promise<PlotPoint[]> {
  return await tx<PlotPoint[]>`
    with first as (
      select time from readings
      where tenant_id = ${tenantId} and series_id = ${seriesId}::text::bigint and is_current
        and time >= coalesce(${from?.toISOString() ?? null}::text::timestamptz, '-infinity')
        and time <= ${to.toISOString()}::text::timestamptz
      order by time limit 1
    ), last as (
      select time from readings
      where tenant_id = ${tenantId} and series_id = ${seriesId}::text::bigint and is_current
        and time <= ${to.toISOString()}::text::timestamptz
      order by time desc limit 1
    ), points as (
      select found.time, found.value
      from first cross join last
      cross join generate_series(0, ${buckets - 1}) as step
      cross join lateral (
        select time, value from readings
        where tenant_id = ${tenantId} and series_id = ${seriesId}::text::bigint and is_current
          and time <= first.time + (last.time - first.time) * (step::float8 / ${buckets - 1})
          and (step = 0 or time > first.time + (last.time - first.time) * ((step - 1)::float8 / ${buckets - 1}))
          and time >= first.time
        order by time desc limit 1
      ) found
    )
    select time, (value - case when ${relative} then first_value(value) over (order by time) else 0 end)::float8 as value
    from points order by time`;
}
