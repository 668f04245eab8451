import type { Tx } from "../db/mod.ts";
import { arrayLiteral } from "../ingest/array_literal.ts";
import type { Span } from "./calendar.ts";
import { isCounter } from "./counters.ts";

/** A counter whose readings changed between two instants, both included. */
export interface Change extends Span {
  tenantId: number;
  seriesId: string;
  meterId: string;
  quantity: string;
  unit: string;
  /** Whether this is the register that a person reads from the dial: no tariff, subunit or modifier. */
  isMain: boolean;
  /** The meter was put in or taken out: what stood there before goes. */
  replaced: boolean;
}

/** Rows of noted changes looked at in one transaction, and the counters in them. */
const ROWS = 500;
const SERIES = 20_000;
/** Days reckoned in one transaction: a server that is told to stop finishes the one under way. */
const DAYS = 1000;
const DAY_MS = 86_400_000;
/** Of one series at once. */
const LONGEST_MS = 62 * DAY_MS;

interface Row extends Omit<Change, "start" | "end"> {
  first: string;
  last: string;
}

/**
 * Takes the oldest noted changes that one transaction can reckon, one for each stretch of a counter; notes again what is
 * left of them.
 */
export async function takeChanges(tx: Tx): Promise<{ changes: Change[]; taken: number }> {
  const rows = await tx<(Row & { taken: number })[]>`
    with taken as (
      delete from consumption_changes
      where change_id in (
        select change_id from (
          select change_id, sum(cardinality(series_ids)) over (order by change_id) - cardinality(series_ids) as before
          from (select * from consumption_changes order by change_id limit ${ROWS}) oldest
        ) oldest where before < ${SERIES}
      )
      returning *
    ), counted as (
      select (select count(*)::integer from taken) as taken
    )
    select counted.taken, found.* from counted left join (
      select tenant_id as "tenantId", series_id::text as "seriesId", meter_id::text as "meterId", quantity, unit,
        tariff = 0 and subunit = 0 and occurrence = 0 and modifiers = '' as "isMain", replaced,
        extract(epoch from stretch.first) * 1000 as first, extract(epoch from stretch.last) * 1000 as last
      from (
        select tenant_id, series_id, replaced, min(first) as first, max(last) as last
        from taken cross join lateral (select distinct unnest(series_ids) as series_id) listed
        group by tenant_id, series_id, replaced, date_trunc('month', first, 'UTC')
      ) stretch
      join series using (tenant_id, series_id)
      where ${isCounter(tx)}
      order by stretch.first, tenant_id, series_id
    ) found on true`;
  const changes = rows.flatMap((row) => row.seriesId === null ? [] : [changeOf(row)]);
  const [now, later] = withinBudget(changes.flatMap(pieces));
  await noteChanges(tx, later);
  return { changes: now, taken: rows[0]?.taken ?? 0 };
}

function changeOf({ first, last, ...row }: Row): Change {
  return { ...row, start: Math.floor(Number(first)), end: Math.ceil(Number(last)) };
}

/** A long stretch in pieces that can be reckoned one after the other. */
function pieces(change: Change): Change[] {
  const found: Change[] = [];
  for (let start = change.start; start <= change.end; start += LONGEST_MS) {
    found.push({ ...change, start, end: Math.min(change.end, start + LONGEST_MS - 1) });
  }
  return found;
}

function withinBudget(changes: Change[]): [Change[], Change[]] {
  let days = 0;
  const index = changes.findIndex(({ start, end }) => (days += 2 + (end - start) / DAY_MS) > DAYS);
  return index <= 0 ? [changes, []] : [changes.slice(0, index), changes.slice(index)];
}

type Noted = Pick<Change, "tenantId" | "seriesId" | "start" | "end" | "replaced">;

/** Notes changes again, those of the same days together: days are what is reckoned. */
async function noteChanges(tx: Tx, changes: Noted[]) {
  if (changes.length === 0) return;
  const column = <K extends keyof Noted>(name: K) => arrayLiteral(changes.map((change) => change[name]));
  await tx`
    insert into consumption_changes (tenant_id, first, last, series_ids, replaced)
    select tenant_id, min(to_timestamp(first / 1000.0)), max(to_timestamp(last / 1000.0)), array_agg(series_id), replaced
    from unnest(
      ${column("tenantId")}::text::integer[],
      ${column("seriesId")}::text::bigint[],
      ${column("start")}::text::bigint[],
      ${column("end")}::text::bigint[],
      ${column("replaced")}::text::boolean[]
    ) as change (tenant_id, series_id, first, last, replaced)
    group by tenant_id, replaced, date_trunc('day', to_timestamp(first / 1000.0), 'UTC'),
      date_trunc('day', to_timestamp(last / 1000.0), 'UTC')`;
}

/** Notes that a meter was put in or taken out between two instants, so that all its counters are reckoned again there. */
export async function notePlacement(tx: Tx, { tenantId, meterId, from, to }: {
  tenantId: number;
  meterId: string;
  from: string;
  /** Null: until now. */
  to: string | null;
}) {
  await tx`
    insert into consumption_changes (tenant_id, first, last, series_ids, replaced)
    select ${tenantId}, least(span.first, span.last) - interval '1 day', greatest(span.first, span.last) + interval '1 day',
      array_agg(series_id), true
    from series cross join (
      select ${from}::text::timestamptz as first, coalesce(${to}::text::timestamptz, now()) as last
    ) span
    where tenant_id = ${tenantId} and meter_id = ${meterId}::text::bigint
    group by span.first, span.last`;
}

/** Notes that a property's time zone is another now, so that whatever its meters consumed there is reckoned again. */
export async function noteTimeZone(tx: Tx, { tenantId, propertyId }: { tenantId: number; propertyId: string }) {
  await tx`
    insert into consumption_changes (tenant_id, first, last, series_ids, replaced)
    select tenant_id, valid_from - interval '1 day',
      greatest(valid_from, coalesce(valid_to, now())) + interval '1 day', array_agg(series_id), true
    from units join placements using (tenant_id, unit_id) join series using (tenant_id, meter_id)
    where tenant_id = ${tenantId} and property_id = ${propertyId}::text::bigint
    group by tenant_id, placement_id, valid_from, valid_to`;
}
