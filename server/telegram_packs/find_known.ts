import type { Tx } from "../db/mod.ts";
import { arrayLiteral, bareLiteral } from "../ingest/array_literal.ts";
import { findStored, type TelegramRow } from "../ingest/telegram_store.ts";
import { openPack, packColumns, type PackRow } from "./pack_store.ts";
import type { MayBePacked } from "./packed_before.ts";

/** Whether a telegram's bytes are those that are kept under its key. */
export type Known = "same" | "other";

/** Which of the rows are kept already, as a row or in a pack: their indexes, and whether their bytes are the same. */
export async function findKnown(tx: Tx, rows: TelegramRow[], mayBePacked: MayBePacked): Promise<Map<number, Known>> {
  // In this order: what is packed at this moment moves from where was looked to where will be.
  const known = await findStored(tx, rows);
  const left = [...rows.entries()].filter(([index, { readout }]) => !known.has(index) && mayBePacked(readout));
  const packed = await findPacked(tx, left.map(([, row]) => row));
  for (const [place, state] of packed) known.set(left[place]?.[0] ?? NaN, state);
  return known;
}

/** Which of the rows lie in packs. */
async function findPacked(tx: Tx, rows: TelegramRow[]): Promise<Map<number, Known>> {
  const found = new Map<number, Known>();
  if (rows.length === 0) return found;
  const packs = await selectPacksOf(tx, rows);
  const bytes = new Map(
    packs.map(openPack).flatMap(({ telegrams, ...owner }) =>
      telegrams.map((one) => [keyOf({ ...owner, ...one, readAt: one.readAt / 1000 }), one.bytes])
    ),
  );
  for (const [index, { readout, ...row }] of rows.entries()) {
    const kept = bytes.get(keyOf({ ...row, seq: readout.seq, readAt: Date.parse(readout.readAt) }));
    if (kept !== undefined) found.set(index, kept.toHex() === row.bytes.toHex() ? "same" : "other");
  }
  return found;
}

async function selectPacksOf(tx: Tx, rows: TelegramRow[]): Promise<PackRow[]> {
  return await tx<PackRow[]>`
    with wanted as (
      select distinct pack.tenant_id, pack.gateway_id, pack.epoch, pack.first_read_at, pack.first_telegram_id
      from unnest(
        ${bareLiteral(rows.map((row) => row.tenantId))}::text::integer[],
        ${arrayLiteral(rows.map((row) => row.gateway))}::text::text[],
        ${bareLiteral(rows.map((row) => row.epoch))}::text::uuid[],
        ${bareLiteral(rows.map((row) => row.readout.seq))}::text::bigint[],
        ${bareLiteral(rows.map((row) => row.readout.readAt))}::text::timestamptz[]
      ) as input (tenant_id, gateway_id, epoch, seq, read_at)
      cross join lateral ( -- by its number and in its month, however small the planner thinks that the table is
        select * from telegram_packs
        where (tenant_id, gateway_id, epoch) = (input.tenant_id, input.gateway_id, input.epoch)
          and upper(seqs) > input.seq and lower(seqs) <= input.seq and seqs @> input.seq
          and first_read_at between date_trunc('month', input.read_at, 'UTC') and input.read_at
          and last_read_at >= input.read_at
        offset 0
      ) pack
    )
    select ${packColumns(tx)} from wanted join telegram_packs using (
      tenant_id, gateway_id, epoch, first_read_at, first_telegram_id
    )`;
}

function keyOf({ tenantId, gateway, epoch, seq, readAt, position }: {
  tenantId: number;
  gateway: string;
  epoch: string;
  seq: number;
  /** Milliseconds since 1970. */
  readAt: number;
  position: number;
}): string {
  return `${tenantId} ${gateway} ${epoch.toLowerCase()} ${seq} ${readAt} ${position}`;
}
