import { type Database, ingestTransaction, type Tx } from "../db/mod.ts";
import { arrayLiteral } from "../ingest/array_literal.ts";

/** Numbers of a gateway's spool that are not here, both ends included. */
export interface SequenceGap {
  epoch: string;
  first: number;
  last: number;
  /** When a later number came. */
  since: Date;
}

/** The most gaps of one answer. */
const MOST_SHOWN = 100;

/** The gaps of a gateway, newest first. Works under `mbus_api`. */
export function selectGaps(tx: Tx, tenantId: number, gateway: string): Promise<SequenceGap[]> {
  return tx<SequenceGap[]>`
    select epoch::text, first_seq::float8 as first, last_seq::float8 as last, since
    from sequence_gaps where tenant_id = ${tenantId} and gateway_id = ${gateway}
    order by since desc, first_seq desc limit ${MOST_SHOWN}`;
}

/**
 * Looks at what has come since the last time and notes the numbers that are missing; those that came late are taken off
 * the list. A number is here when its telegrams are stored, as rows or in
 * a pack, or it lies in the quarantine.
 */
export async function noteSequenceGaps(database: Database): Promise<void> {
  const epochs = await ingestTransaction(database, selectEpochs);
  for (const epoch of epochs) {
    await ingestTransaction(database, async (tx) => {
      // Several servers look; one after the other at one epoch.
      await tx`select pg_advisory_xact_lock(6410334, hashtext(${`${epoch.gateway} ${epoch.epoch}`}))`;
      await lookAtGaps(tx, epoch);
      await lookBehindMark(tx, epoch);
    });
  }
}

interface Epoch {
  tenantId: number;
  gateway: string;
  epoch: string;
  /** The newest number looked at; 0 before the first. */
  mark: string;
}

/** The epochs that gateways heard within a day have named, and those that were looked at before. */
function selectEpochs(tx: Tx): Promise<Epoch[]> {
  return tx<Epoch[]>`
    with named as (
      select tenant_id, gateway_id, (heartbeat ->> 'epoch')::uuid as epoch from gateways
      where heartbeat ->> 'epoch' is not null and last_heartbeat_at > now() - interval '1 day'
      union
      select tenant_id, gateway_id, epoch from sequence_marks join gateways using (tenant_id, gateway_id)
      where last_reading_at > now() - interval '1 day' or last_heartbeat_at > now() - interval '1 day'
    )
    select tenant_id as "tenantId", gateway_id as gateway, epoch::text, coalesce(newest, 0)::text as mark
    from named left join sequence_marks using (tenant_id, gateway_id, epoch)
    order by tenant_id, gateway_id, epoch`;
}

/** Numbers that are here, from `first` to `last`, as a table of seq and received_at. */
function held(tx: Tx, { tenantId, gateway, epoch }: Epoch, first: string, last: string | null) {
  const within = tx`
    tenant_id = ${tenantId} and gateway_id = ${gateway} and epoch = ${epoch} and seq >= ${first}::text::bigint
    and (${last}::text is null or seq <= ${last}::text::bigint)`;
  return tx`(
    select seq, min(received_at) as received_at from (
      select seq, received_at from telegrams where ${within} and position = 0
      union all
      select seq, received_at from quarantine where ${within}
      union all
      select seq, received_at from (
        select generate_series(lower(run), upper(run) - 1) as seq, received_at
        from (
          select unnest(seqs * int8multirange(int8range(${first}::text::bigint, ${last}::text::bigint, '[]'))) as run,
            received_at
          from telegram_packs
          where tenant_id = ${tenantId} and gateway_id = ${gateway} and epoch = ${epoch}
            and upper(seqs) > ${first}::text::bigint
            and (${last}::text is null or lower(seqs) <= ${last}::text::bigint)
        ) runs
      ) packed
    ) either group by seq
  )`;
}

/** Everything newer than the mark: what is left out between is a gap from now on. */
async function lookBehindMark(tx: Tx, epoch: Epoch) {
  const { tenantId, gateway, mark } = epoch;
  const behind = String(BigInt(mark) + 1n);
  await tx`
    insert into sequence_gaps (tenant_id, gateway_id, epoch, first_seq, last_seq, since)
    select ${tenantId}, ${gateway}, ${epoch.epoch}, before + 1, seq - 1, received_at
    from (
      select seq, received_at, lag(seq, 1, ${mark}::text::bigint) over (order by seq) as before
      from ${held(tx, epoch, behind, null)} newer
    ) numbered
    where seq > before + 1
    on conflict do nothing`;
  await tx`
    insert into sequence_marks as stored (tenant_id, gateway_id, epoch, newest)
    select ${tenantId}, ${gateway}, ${epoch.epoch}, max(seq) from ${held(tx, epoch, behind, null)} newer
    having max(seq) is not null
    on conflict (tenant_id, gateway_id, epoch) do update set newest = greatest(stored.newest, excluded.newest)`;
}

/** What came late shortens its gap, splits it or ends it. */
async function lookAtGaps(tx: Tx, epoch: Epoch) {
  const { tenantId, gateway } = epoch;
  const gaps = await tx<{ first: string; last: string; since: string }[]>`
    select first_seq::text as first, last_seq::text as last, since::text
    from sequence_gaps where tenant_id = ${tenantId} and gateway_id = ${gateway} and epoch = ${epoch.epoch}
    order by first_seq`;
  for (const { first, last, since } of gaps) {
    const islands = await tx<{ first: string; last: string }[]>`
      select min(seq)::text as first, max(seq)::text as last
      from (
        select seq, seq - row_number() over (order by seq) as island from ${held(tx, epoch, first, last)} late
      ) numbered
      group by island order by min(seq)`;
    if (islands.length === 0) continue;
    const left = without([BigInt(first), BigInt(last)], islands.map((one) => [BigInt(one.first), BigInt(one.last)]));
    await tx`
      delete from sequence_gaps
      where tenant_id = ${tenantId} and gateway_id = ${gateway} and epoch = ${epoch.epoch}
        and first_seq = ${first}::text::bigint`;
    await tx`
      insert into sequence_gaps (tenant_id, gateway_id, epoch, first_seq, last_seq, since)
      select ${tenantId}, ${gateway}, ${epoch.epoch}, first, last, ${since}::text::timestamptz
      from unnest(
        ${arrayLiteral(left.map(([first]) => String(first)))}::text::bigint[],
        ${arrayLiteral(left.map(([, last]) => String(last)))}::text::bigint[]
      ) as row (first, last)`;
  }
}

type Range = [first: bigint, last: bigint];

/** What is left of a range without others that lie in it, in ascending order. */
export function without([first, last]: Range, taken: Range[]): Range[] {
  const left: Range[] = [];
  let next = first;
  for (const [from, to] of taken) {
    if (from > next) left.push([next, from - 1n]);
    next = to + 1n;
  }
  if (next <= last) left.push([next, last]);
  return left;
}
