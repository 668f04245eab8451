import type { Tx } from "../db/mod.ts";
import { arrayLiteral } from "../ingest/array_literal.ts";
import { amountText } from "./amount.ts";
import type { Span } from "./calendar.ts";
import type { Change } from "./changes.ts";
import type { Period } from "./periods.ts";

type OfSeries = Pick<Change, "tenantId" | "seriesId">;

/** A stretch of a counter in one place. */
export interface Stretch extends OfSeries, Span {
  placementId: string;
}

const ROWS_PER_STATEMENT = 5000;

/**
 * Takes away hours and days that begin within the stretches, but for those that end until `keptUntil`; and months that begin
 * where the stretches do.
 */
export async function deletePeriods(tx: Tx, days: (Stretch & { keptUntil: number })[], months: Stretch[]) {
  await tx`
    delete from consumption using ${stretches(tx, days, days.map(({ keptUntil }) => keptUntil))}
    where (consumption.tenant_id, consumption.series_id, consumption.placement_id) =
        (stretch.tenant_id, stretch.series_id, stretch.placement_id)
      and resolution in ('hour', 'day')
      and period_start >= stretch.first and period_start < stretch.behind and period_end > stretch.kept_until`;
  await tx`
    delete from consumption using ${stretches(tx, months)}
    where (consumption.tenant_id, consumption.series_id, consumption.placement_id, period_start) =
        (stretch.tenant_id, stretch.series_id, stretch.placement_id, stretch.first)
      and resolution = 'month'`;
}

/** Takes away all hours and days that counters have in any place within the spans. */
export async function deleteDaysEverywhere(tx: Tx, spans: (OfSeries & Span)[]) {
  if (spans.length === 0) return;
  await tx`
    delete from consumption using ${everywhere(tx, spans)}
    where (consumption.tenant_id, consumption.series_id) = (stretch.tenant_id, stretch.series_id)
      and resolution in ('hour', 'day') and period_end > stretch.first and period_start < stretch.behind`;
}

/** Takes away all months that counters have in any place within the spans, and says which they were. */
export async function takeMonths(tx: Tx, spans: (OfSeries & Span)[]): Promise<Stretch[]> {
  if (spans.length === 0) return [];
  const rows = await tx<(Omit<Stretch, "start" | "end"> & { start: string; end: string })[]>`
    delete from consumption using ${everywhere(tx, spans)}
    where (consumption.tenant_id, consumption.series_id) = (stretch.tenant_id, stretch.series_id)
      and resolution = 'month' and period_end > stretch.first and period_start < stretch.behind
    returning consumption.tenant_id as "tenantId", consumption.series_id::text as "seriesId",
      consumption.placement_id::text as "placementId", extract(epoch from period_start) * 1000 as start,
      extract(epoch from period_end) * 1000 as end`;
  return rows.map((row) => ({ ...row, start: Number(row.start), end: Number(row.end) }));
}

export async function insertPeriods(tx: Tx, periods: (OfSeries & Period)[]) {
  for (let at = 0; at < periods.length; at += ROWS_PER_STATEMENT) {
    const rows = periods.slice(at, at + ROWS_PER_STATEMENT);
    const column = (of: (row: OfSeries & Period) => string | number | boolean) => arrayLiteral(rows.map(of));
    await tx`
      insert into consumption (
        tenant_id, series_id, placement_id, resolution, period_start, period_end, amount, start_interpolated,
        end_interpolated, partial, flags
      )
      select tenant_id, series_id, placement_id, resolution, to_timestamp(first / 1000.0), to_timestamp(behind / 1000.0),
        amount, start_interpolated, end_interpolated, partial, string_to_array(flags, ' ')
      from unnest(
        ${column((row) => row.tenantId)}::text::integer[],
        ${column((row) => row.seriesId)}::text::bigint[],
        ${column((row) => row.placementId)}::text::bigint[],
        ${column((row) => row.resolution)}::text::text[],
        ${column((row) => row.start)}::text::bigint[],
        ${column((row) => row.end)}::text::bigint[],
        ${column((row) => amountText(row.amount))}::text::numeric[],
        ${column((row) => row.startInterpolated)}::text::boolean[],
        ${column((row) => row.endInterpolated)}::text::boolean[],
        ${column((row) => row.partial)}::text::boolean[],
        ${column((row) => row.flags.join(" "))}::text::text[]
      ) as row (
        tenant_id, series_id, placement_id, resolution, first, behind, amount, start_interpolated, end_interpolated,
        partial, flags
      )`;
  }
}

/**
 * Makes months of the days that are there. A day is of the month in which its middle is: that tells it too where the day is
 * of another calendar, by which it was reckoned before and cannot be reckoned anew.
 */
export async function sumMonths(tx: Tx, months: Stretch[]) {
  await tx`
    insert into consumption (
      tenant_id, series_id, placement_id, resolution, period_start, period_end, amount, start_interpolated,
      end_interpolated, partial, flags
    )
    select stretch.tenant_id, stretch.series_id, stretch.placement_id, 'month', stretch.first, stretch.behind,
      trim_scale(sum(amount)),
      (array_agg(start_interpolated order by period_start))[1],
      (array_agg(end_interpolated order by period_start desc))[1],
      bool_or(partial) or min(period_start) > greatest(stretch.first, min(valid_from))
        or max(period_end) < least(stretch.behind, max(valid_to)),
      array(
        select distinct flag from unnest(string_to_array(string_agg(array_to_string(flags, ' '), ' '), ' ')) flag
        where flag <> '' order by flag
      )
    from ${stretches(tx, months)} join consumption day using (tenant_id, series_id, placement_id)
    left join placements on (placements.tenant_id, placements.placement_id) = (stretch.tenant_id, stretch.placement_id)
    where day.resolution = 'day'
      and day.period_start > stretch.first - interval '1 day' and day.period_start < stretch.behind -- by the key
      and day.period_start + (day.period_end - day.period_start) / 2 >= stretch.first
      and day.period_start + (day.period_end - day.period_start) / 2 < stretch.behind
    group by stretch.tenant_id, stretch.series_id, stretch.placement_id, stretch.first, stretch.behind`;
}

/** Spans wherever the meter was. */
function everywhere(tx: Tx, spans: (OfSeries & Span)[]) {
  return stretches(tx, spans.map((span) => ({ ...span, placementId: "0" })));
}

function stretches(tx: Tx, rows: Stretch[], keptUntil = rows.map(({ start }) => start)) {
  const column = <K extends keyof Stretch>(name: K) => arrayLiteral(rows.map((row) => row[name]));
  return tx`(
    select distinct tenant_id, series_id, placement_id, to_timestamp(first / 1000.0) as first,
      to_timestamp(behind / 1000.0) as behind, to_timestamp(kept_until / 1000.0) as kept_until
    from unnest(
      ${column("tenantId")}::text::integer[],
      ${column("seriesId")}::text::bigint[],
      ${column("placementId")}::text::bigint[],
      ${column("start")}::text::bigint[],
      ${column("end")}::text::bigint[],
      ${arrayLiteral(keptUntil)}::text::bigint[]
    ) as row (tenant_id, series_id, placement_id, first, behind, kept_until)
  ) stretch`;
}
