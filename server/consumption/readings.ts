import type { Tx } from "../db/mod.ts";
import { arrayLiteral } from "../ingest/array_literal.ts";
import { parseAmount } from "./amount.ts";
import type { Span } from "./calendar.ts";
import type { Change } from "./changes.ts";
import { LOOK } from "./error_readings.ts";
import type { Knot } from "./step.ts";

type Wanted = Pick<Change, "tenantId" | "seriesId"> & Span;

/** A counter's readings about a stretch. */
export interface ReadingsAround {
  knots: Knot[];
  /** Whether nothing comes before them, and nothing behind. */
  openStart: boolean;
  openEnd: boolean;
}

interface Row {
  index: number;
  place: "before" | "within" | "behind";
  time: string;
  value: string;
  suspect: boolean;
}

/**
 * For each stretch, from the last good reading before it to the first good one behind it; where all that are near are
 * suspect, from the first of them to the last, since any may turn out good; the stretch's own edges where there is none.
 */
export async function widenToReadings(tx: Tx, changes: Wanted[]): Promise<Span[]> {
  const rows = await tx<{ start: string; end: string }[]>`
    select
      extract(epoch from coalesce(good_before.time, before.time, wanted.first)) * 1000 as start,
      extract(epoch from coalesce(good_behind.time, behind.time, wanted.last)) * 1000 as end
    from ${wanted(tx, changes)}
    left join lateral (select min(time) as time from ${near(tx, "before", LOOK)}) before on true
    left join lateral (select max(time) as time from ${near(tx, "behind", LOOK)}) behind on true
    left join lateral (
      select time from ${near(tx, "before", LOOK)} where not suspect order by time desc limit 1
    ) good_before on true
    left join lateral (
      select time from ${near(tx, "behind", LOOK)} where not suspect order by time limit 1
    ) good_behind on true
    order by wanted.index`;
  return rows.map(({ start, end }) => ({ start: Math.floor(Number(start)), end: Math.ceil(Number(end)) }));
}

/** For each stretch its current readings by time, with the last ones before it and the first ones behind it. */
export async function readingsAround(tx: Tx, changes: Wanted[]): Promise<ReadingsAround[]> {
  const rows = await tx<Row[]>`
    select wanted.index::integer, found.place, extract(epoch from found.time) * 1000 as time, found.value::text,
      found.suspect
    from ${wanted(tx, changes)} cross join lateral (
      select 'before' as place, time, value, suspect from ${near(tx, "before", LOOK)}
      union all
      select 'within', time, value, ${isSuspect(tx)} from readings
      where (readings.tenant_id, readings.series_id) = (wanted.tenant_id, wanted.series_id) and is_current
        and time between wanted.first and wanted.last
      union all
      select 'behind', time, value, suspect from ${near(tx, "behind", LOOK)}
    ) found
    order by wanted.index, found.time`;
  const found = changes.map(() => ({ knots: [] as Knot[], before: 0, behind: 0 }));
  for (const { index, place, time, value, suspect } of rows) {
    const one = found[index - 1];
    if (one === undefined) continue;
    if (place !== "within") one[place]++;
    one.knots.push({ time: Math.round(Number(time)), value: parseAmount(value), ...(suspect && { suspect }) });
  }
  return found.map(({ knots, before, behind }) => ({ knots, openStart: before < LOOK, openEnd: behind < LOOK }));
}

/** The last readings before the stretch, or the first behind it: rows of time, value and whether it is suspect. */
function near(tx: Tx, side: "before" | "behind", most: number) {
  return tx`(
    select time, value, ${isSuspect(tx)} as suspect from readings
    where (readings.tenant_id, readings.series_id) = (wanted.tenant_id, wanted.series_id) and is_current
      and ${side === "before" ? tx`time < wanted.first` : tx`time > wanted.last`}
    order by time ${side === "before" ? tx`desc` : tx`asc`} limit ${most}
  ) near`;
}

function isSuspect(tx: Tx) {
  return tx`exists (
    select from implausible_telegrams noted
    where (noted.tenant_id, noted.telegram_id) = (readings.tenant_id, readings.telegram_id)
  )`;
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
