import { type Database, ingestTransaction, transaction, type Tx } from "../db/mod.ts";

const DAY_MS = 24 * 60 * 60 * 1000;

/** What is old enough to be packed. */
export interface Horizon {
  /** Telegrams that came before this: the beginning of a day, so that what trickles in late is packed by days. */
  receivedBefore: Date;
  /**
   * … and were read before this: the beginning of a month. Months are packed when they are over, because only an emptied
   * partition gives its space back; the last telegrams of a month come a moment later, so it is given a day.
   */
  readBefore: Date;
}

/** What is older than so many days. */
export function horizonOf(now: Date, days: number): Horizon {
  const receivedBefore = new Date(Math.floor(now.getTime() / DAY_MS - days) * DAY_MS);
  const dayBefore = new Date(receivedBefore.getTime() - DAY_MS);
  return { receivedBefore, readBefore: new Date(Date.UTC(dayBefore.getUTCFullYear(), dayBefore.getUTCMonth(), 1)) };
}

/** The first days of the months before an instant that have a table of telegrams, oldest first: `2026-01-01`. */
export async function monthsBefore(database: Database, before: Date): Promise<string[]> {
  const rows = await database.sql<{ month: string }[]>`
    select month::text from (
      select to_date(substring(child.relname from '_([0-9]{4}_[0-9]{2})$'), 'YYYY_MM') as month
      from pg_inherits join pg_class child on child.oid = inhrelid where inhparent = 'telegrams'::regclass
    ) months
    where month < ${before.toISOString().slice(0, 10)}::text::date
    order by month`;
  return rows.map(({ month }) => month);
}

/** Whether telegrams of a month are old enough to be packed. */
export async function hasOld(database: Database, month: string, { receivedBefore }: Horizon): Promise<boolean> {
  const [row] = await ingestTransaction(
    database,
    (tx) =>
      tx<{ has: boolean }[]>`
      select exists (
        select from telegrams
        where ${ofMonth(tx, month)} and received_at < ${receivedBefore.toISOString()}::text::timestamptz
          and waits_for is null
      ) as has`,
  );
  return row?.has ?? false;
}

/** Which telegrams are of a month. */
export function ofMonth(tx: Tx, month: string) {
  return tx`
    read_at >= ${month}::text::timestamp at time zone 'UTC'
    and read_at < (${month}::text::timestamp + interval '1 month') at time zone 'UTC'`;
}

/** Gives back the disk's space where little is left of a month; needs the owner of the tables. */
export async function giveBackMonth(database: Database, month: string): Promise<boolean> {
  const [row] = await transaction(
    database,
    (tx) => tx<{ given: boolean }[]>`select give_back_month(${month}::text::date) as given`,
  );
  return row?.given ?? false;
}
