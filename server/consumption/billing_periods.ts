import type { Tx } from "../db/mod.ts";
import { isDayBilled } from "./billed_days.ts";
import { CONSUMPTION_LOCK } from "./refresh.ts";

/** A property's billing period. */
export interface BillingPeriod {
  id: string;
  property: string;
  /** Its first day, and the day behind its last, by the property's calendar. */
  from: string;
  to: string;
  closedAt: Date | null;
}

/** What a counter consumed in a unit. */
export interface BilledAmount {
  unitId: string;
  role: string;
  meter: string;
  series: string;
  quantity: string;
  unit: string;
  /** An exact decimal. */
  amount: string;
}

/** What was billed when the period was closed, and what has become known since. */
export interface BilledPeriod extends BillingPeriod {
  figures: (BilledAmount & { interpolated: boolean; partial: boolean })[];
  /** To be added to the figures. */
  corrections: (BilledAmount & { notedAt: Date })[];
}

/**
 * Opens a billing period.
 *
 * @returns null where there is no such property.
 * @throws {postgres.PostgresError} 23P01 where one of its days is in another period of the property.
 */
export async function openBillingPeriod(
  tx: Tx,
  tenantId: number,
  { property, from, to }: Pick<BillingPeriod, "property" | "from" | "to">,
): Promise<BillingPeriod | null> {
  const [made] = await tx<{ id: string }[]>`
    insert into billing_periods (tenant_id, property_id, first_day, end_day)
    select tenant_id, property_id, ${from}::text::date, ${to}::text::date from properties
    where tenant_id = ${tenantId} and property_id = ${property}::text::bigint
    returning billing_period_id::text as id`;
  return made === undefined ? null : { id: made.id, property, from, to, closedAt: null };
}

/** Why a billing period cannot be closed. */
export type NotClosed = "absent" | "closed" | "not_ended" | "not_reckoned";

/**
 * Closes a billing period: what was consumed in it is written down as it stands, for good.
 *
 * @returns why not, or null. `not_reckoned`: readings of it, or of the day after it, still wait to be reckoned.
 */
export async function closeBillingPeriod(tx: Tx, tenantId: number, id: string, now: Date): Promise<NotClosed | null> {
  // Who reckons corrects closed periods, so nothing may be reckoned between the look and the closing.
  await tx`select pg_advisory_xact_lock(${CONSUMPTION_LOCK[0]}, ${CONSUMPTION_LOCK[1]})`;
  const [period] = await tx<{ closed: boolean; ended: boolean; waiting: boolean }[]>`
    select closed_at is not null as closed, (${now} at time zone time_zone)::date >= end_day as ended, exists (
      select from consumption_changes
      where tenant_id = ${tenantId} and consumption_changes.first < end_day + 2
        and consumption_changes.last >= first_day - 2
    ) as waiting
    from billing_periods join properties using (tenant_id, property_id)
    where tenant_id = ${tenantId} and billing_period_id = ${id}::text::bigint`;
  if (period === undefined) return "absent";
  if (period.closed) return "closed";
  if (!period.ended) return "not_ended";
  if (period.waiting) return "not_reckoned";
  await tx`
    insert into billing_figures (
      tenant_id, billing_period_id, unit_id, role, series_id, amount, interpolated, partial
    )
    select tenant_id, billing_period_id, unit_id, role, series_id, trim_scale(sum(amount)),
      (array_agg(start_interpolated order by period_start))[1] or
        (array_agg(end_interpolated order by period_start desc))[1],
      bool_or(partial)
        or min(period_start) > greatest(first_day::timestamp at time zone time_zone, min(valid_from))
        or max(period_end) < least(end_day::timestamp at time zone time_zone, max(coalesce(valid_to, 'infinity')))
    from billing_periods
    join properties using (tenant_id, property_id)
    join units using (tenant_id, property_id)
    join placements using (tenant_id, unit_id)
    join consumption using (tenant_id, placement_id)
    where tenant_id = ${tenantId} and billing_period_id = ${id}::text::bigint
      and ${isDayBilled(tx)}
    group by tenant_id, billing_period_id, first_day, end_day, time_zone, unit_id, role, series_id`;
  await tx`
    update billing_periods set closed_at = ${now}
    where tenant_id = ${tenantId} and billing_period_id = ${id}::text::bigint`;
  return null;
}

/** A tenant's billing periods behind the id `after`. */
export async function listBillingPeriods(
  tx: Tx,
  tenantId: number,
  { property = null, id = null, after = "0", limit = 1 }: {
    property?: string | null;
    id?: string | null;
    after?: string;
    limit?: number;
  },
): Promise<BillingPeriod[]> {
  return await tx<BillingPeriod[]>`
    select billing_period_id::text as id, property_id::text as property, first_day::text as "from", end_day::text as "to",
      closed_at as "closedAt"
    from billing_periods
    where tenant_id = ${tenantId} and billing_period_id > ${after}::text::bigint
      and (${id}::text is null or billing_period_id = ${id}::text::bigint)
      and (${property}::text is null or property_id = ${property}::text::bigint)
    order by billing_period_id limit ${limit}`;
}

/** A billing period with its figures and corrections; both are empty while it is open. */
export async function findBilledPeriod(tx: Tx, tenantId: number, id: string): Promise<BilledPeriod | null> {
  const [period] = await listBillingPeriods(tx, tenantId, { id });
  if (period === undefined) return null;
  const columns = tx`
    unit_id::text as "unitId", role, meter_id::text as meter, series_id::text as series, quantity, unit, amount::text`;
  const figures = await tx<BilledPeriod["figures"]>`
    select ${columns}, interpolated, partial from billing_figures join series using (tenant_id, series_id)
    where tenant_id = ${tenantId} and billing_period_id = ${id}::text::bigint
    order by unit_id, role, series_id`;
  const corrections = await tx<BilledPeriod["corrections"]>`
    select ${columns}, noted_at as "notedAt" from billing_corrections join series using (tenant_id, series_id)
    where tenant_id = ${tenantId} and billing_period_id = ${id}::text::bigint
    order by correction_id`;
  return { ...period, figures, corrections };
}
