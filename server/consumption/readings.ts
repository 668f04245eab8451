import type { Tx } from "../db/mod.ts";
import { arrayLiteral } from "../ingest/array_literal.ts";
import { parseAmount } from "./amount.ts";
import type { Span } from "./calendar.ts";
import type { Change } from "./changes.ts";
import type { Knot } from "./step.ts";

type Wanted = Pick<Change, "tenantId" | "seriesId"> & Span;

/** A stretch, and since when there are readings of its counter: Infinity where there are none. */
export interface WidenedSpan extends Span {
  oldest: number;
}

/** For each stretch, from the last reading before it to the first behind it; the stretch's own edges where none is. */
export async function widenToReadings(tx: Tx, changes: Wanted[]): Promise<WidenedSpan[]> {
  const rows = await tx<{ start: string; end: string; oldest: string | null }[]>`
    select extract(epoch from (
        select min(time) from readings
        where (readings.tenant_id, readings.series_id) = (wanted.tenant_id, wanted.series_id)
      )) * 1000 as oldest,
      extract(epoch from coalesce(before.time, wanted.first)) * 1000 as start,
      extract(epoch from coalesce(behind.time, wanted.last)) * 1000 as end
    from ${wanted(tx, changes)}
    left join lateral (
      select time from readings
      where (readings.tenant_id, readings.series_id) = (wanted.tenant_id, wanted.series_id) and is_current
        and time < wanted.first
      order by time desc limit 1
    ) before on true
    left join lateral (
      select time from readings
      where (readings.tenant_id, readings.series_id) = (wanted.tenant_id, wanted.series_id) and is_current
        and time > wanted.last
      order by time limit 1
    ) behind on true
    order by wanted.index`;
  return rows.map(({ start, end, oldest }) => ({
    start: Math.floor(Number(start)),
    end: Math.ceil(Number(end)),
    oldest: oldest === null ? Infinity : Math.floor(Number(oldest)),
  }));
}

/** For each stretch its current readings by time, with the last one before it and the first one behind it. */
export async function readingsAround(tx: Tx, changes: Wanted[]): Promise<Knot[][]> {
  const rows = await tx<{ index: number; time: string; value: string }[]>`
    select wanted.index::integer, extract(epoch from found.time) * 1000 as time, found.value::text
    from ${wanted(tx, changes)} cross join lateral (
      (
        select time, value from readings
        where (readings.tenant_id, readings.series_id) = (wanted.tenant_id, wanted.series_id) and is_current
          and time < wanted.first
        order by time desc limit 1
      ) union all (
        select time, value from readings
        where (readings.tenant_id, readings.series_id) = (wanted.tenant_id, wanted.series_id) and is_current
          and time between wanted.first and wanted.last
      ) union all (
        select time, value from readings
        where (readings.tenant_id, readings.series_id) = (wanted.tenant_id, wanted.series_id) and is_current
          and time > wanted.last
        order by time limit 1
      )
    ) found
    order by wanted.index, found.time`;
  const knots: Knot[][] = changes.map(() => []);
  for (const { index, time, value } of rows) {
    knots[index - 1]?.push({ time: Math.round(Number(time)), value: parseAmount(value) });
  }
  return knots;
}

function wanted(tx: Tx, changes: Wanted[]) {
  const column = <K extends keyof Wanted>(name: K) => arrayLiteral(changes.map((change) => change[name]));
  return tx`(
    select tenant_id, series_id, to_timestamp(first / 1000.0) as first, to_timestamp(last / 1000.0) as last, index
    from unnest(
      ${column("tenantId")}::text::integer[],
      ${column("seriesId")}::text::bigint[],
      ${column("start")}::text::bigint[],
      ${column("end")}::text::bigint[]
    ) with ordinality as row (tenant_id, series_id, first, last, index)
  ) wanted`;
}
