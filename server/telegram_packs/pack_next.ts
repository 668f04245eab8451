import { MAX_FRAMES } from "@mbus-gateway/wire";
import { type Database, ingestTransaction, type Tx } from "../db/mod.ts";
import { type Horizon, ofMonth } from "./closed_months.ts";
import { insertPack } from "./pack_store.ts";
import { instant, type RowTelegram, rowTelegram, telegramColumns } from "./telegram_rows.ts";

/** The last readout that a walk through a month has passed. */
export type Place = Pick<RowTelegram, "tenantId" | "gateway" | "epoch" | "seq" | "readAt">;

/** Before all readouts. */
export const BEGINNING: Place = {
  tenantId: 0,
  gateway: "",
  epoch: "00000000-0000-0000-0000-000000000000",
  seq: 0,
  readAt: 0,
};

export interface Packed {
  packs: number;
  telegrams: number;
  /** Where the walk goes on; null at the end of the month. */
  next: Place | null;
}

export interface Part {
  /** Its first day. */
  month: string;
  after: Place;
  horizon: Horizon;
  /** Telegrams of a pack, about. */
  perPack: number;
}

type Row = RowTelegram & { stays: boolean };

/**
 * Moves the next telegrams of a month into packs, in one transaction: whatever ends it, each telegram is either a row or
 * in a pack. What waits for a key or a format stays a row, with its readout; so does what came lately.
 *
 * @returns null when another server is at it.
 */
export function packNext(database: Database, part: Part): Promise<Packed | null> {
  return ingestTransaction(database, async (tx) => {
    // A month is walked along its key, however little the planner knows of it yet.
    const [lock] = await tx<{ held: boolean }[]>`
      select pg_try_advisory_xact_lock(6410335, 1) as held, set_config('enable_seqscan', 'off', true),
        set_config('enable_bitmapscan', 'off', true), set_config('enable_sort', 'off', true)`;
    if (!lock?.held) return null;
    const limit = part.perPack + MAX_FRAMES;
    const rows = (await selectRows(tx, part, limit)).map(rowTelegram);
    const isEnd = rows.length < limit;
    const whole = isEnd ? rows : withoutLast(rows);
    let [packs, telegrams] = [0, 0];
    for (const owned of Map.groupBy(whole, ownerKey).values()) {
      const chosen = [...Map.groupBy(owned, readoutKey).values()].filter((readout) => readout.every(mayMove)).flat();
      const [first] = chosen;
      if (first === undefined) continue;
      await insertPack(tx, first, chosen);
      await deleteRows(tx, part.month, first, chosen);
      packs++;
      telegrams += chosen.length;
    }
    return { packs, telegrams, next: isEnd ? null : whole.at(-1) ?? null };
  });
}

/** Locked, so that nobody writes into a row that is on its way into a pack. */
function selectRows(tx: Tx, { month, after, horizon }: Part, limit: number) {
  return tx<Row[]>`
    select ${telegramColumns(tx)},
      waits_for is not null or received_at >= ${horizon.receivedBefore.toISOString()}::text::timestamptz
        or radio_hash <> sha256(bytes) as stays
    from telegrams
    where ${ofMonth(tx, month)} and (tenant_id, gateway_id, epoch, seq, read_at) >
      (${after.tenantId}, ${after.gateway}, ${after.epoch}::text::uuid, ${after.seq}::float8::bigint,
        ${instant(tx, after.readAt)})
    order by tenant_id, gateway_id, telegrams.epoch, telegrams.seq, read_at, telegrams.position
    limit ${limit}
    for update`;
}

/** What a pack can hold exactly: dates of thousands of years ago, by a clock gone wrong, stay rows. */
function mayMove(row: Row): boolean {
  const { seq, readAt, correctedReadAt, receivedAt, telegramId, meterId } = row;
  return !row.stays &&
    [seq, readAt, correctedReadAt, receivedAt, telegramId, meterId].every((value) =>
      value === null || Number.isSafeInteger(value)
    );
}

/**
 * Without the last readout, which may go on behind the limit; and, where others come before it, without the gateway that
 * it is of, which is better packed as a whole.
 */
function withoutLast(rows: Row[]): Row[] {
  const last = rows.at(-1);
  if (last === undefined) return rows;
  const others = rows.filter((row) => ownerKey(row) !== ownerKey(last));
  return others.length > 0 ? others : rows.filter((row) => readoutKey(row) !== readoutKey(last));
}

function ownerKey({ tenantId, gateway, epoch }: Row): string {
  return `${tenantId} ${gateway} ${epoch}`;
}

function readoutKey({ seq, readAt }: Row): string {
  return `${seq} ${readAt}`;
}

async function deleteRows(tx: Tx, month: string, { tenantId, gateway, epoch, seq }: Row, rows: Row[]) {
  const { count } = await tx`
    delete from telegrams
    where ${ofMonth(tx, month)} and tenant_id = ${tenantId} and gateway_id = ${gateway} and epoch = ${epoch}::text::uuid
      and seq between ${seq}::float8::bigint and ${rows.at(-1)?.seq ?? seq}::float8::bigint
      and telegram_id = any(${`{${rows.map(({ telegramId }) => telegramId)}}`}::text::bigint[])`;
  if (count !== rows.length) throw new Error(`Cannot pack telegrams: ${rows.length} were read, and ${count} deleted`);
}
