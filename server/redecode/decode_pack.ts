import { DECODER_VERSION } from "@mbus-gateway/mbus";
import type { Tx } from "../db/mod.ts";
import { arrayLiteral, bareLiteral, bytesLiteral } from "../ingest/array_literal.ts";
import { radioHash } from "../ingest/radio.ts";
import type { Knowledge } from "../meter_keys/knowledge.ts";
import { heardInPacks, type RadioTelegram } from "../telegram_packs/heard_in_packs.ts";
import type { PackedTelegram } from "../telegram_packs/pack_format.ts";
import {
  deletePack,
  insertPack,
  openPack,
  type Pack,
  packColumns,
  type PackRow,
} from "../telegram_packs/pack_store.ts";
import { insertRows } from "../telegram_packs/telegram_rows.ts";
import { decodeAgain, type TelegramNote } from "./decode_again.ts";
import { ONE_TELEGRAM, readoutsOf, type TelegramOfReadout } from "./stored_readout.ts";

/** Which packs to look at, in the order of their first telegrams. */
interface Choice {
  /** Only those whose first telegram's id is at least this. */
  from: string;
  since: Date;
  meterId: string | null;
  knowledge: Knowledge;
}

/**
 * Decodes the next pack's telegrams again and packs them anew with what is known of them now. What waits for a key or a
 * format from now on becomes rows again. Needs the role `mbus_ingest`.
 *
 * @returns where the next one begins, and how many telegrams were looked at and readings changed; null when none is left.
 */
export async function decodeNextPack(
  tx: Tx,
  { from, since, meterId, knowledge }: Choice,
): Promise<{ next: string; telegrams: number; changed: number } | null> {
  const [row] = await tx<PackRow[]>`
    select ${packColumns(tx)} from telegram_packs
    where ${chosen(tx, since, meterId)} and first_telegram_id >= ${from}::text::bigint
    order by first_telegram_id limit 1
    for update`;
  if (row === undefined) return null;
  const pack = openPack(row);
  const wanted = pack.telegrams.filter((one) =>
    one.kind === "frame" && one.readAt >= since.getTime() * 1000 &&
    (meterId === null || one.meterId === Number(meterId))
  );
  const readouts = readoutsOf(await asStored(tx, pack, wanted));
  const changed = await decodeAgain(tx, readouts, knowledge, (tx, notes) => packAnew(tx, pack, notes));
  return { next: String(BigInt(pack.firstTelegramId) + 1n), telegrams: wanted.length, changed };
}

/** How many packed telegrams there are to look at, about: a meter's part of a pack is not known. */
export async function countPacked(tx: Tx, since: Date, meterId: string | null): Promise<number> {
  const [row] = await tx<{ total: string }[]>`
    select coalesce(sum(
      telegrams / case when ${meterId}::text is null then 1
        else (select sum(upper(ids) - lower(ids)) from unnest(meters) ids) end
    ), 0)::bigint::text as total
    from telegram_packs where ${chosen(tx, since, meterId)}`;
  return Number(row?.total ?? 0);
}

function chosen(tx: Tx, since: Date, meterId: string | null) {
  return tx`
    last_read_at >= ${since} and (${meterId}::text is null or meters @> ${meterId}::text::bigint)`;
}

async function asStored(tx: Tx, { tenantId, gateway, epoch }: Pack, telegrams: PackedTelegram[]) {
  const stored = telegrams.map((one): TelegramOfReadout => ({
    ...one,
    tenantId,
    gateway,
    epoch,
    seq: String(one.seq),
    telegramId: String(one.telegramId),
    readAt: new Date(one.readAt / 1000),
    correctedReadAt: one.correctedReadAt === null ? null : new Date(one.correctedReadAt / 1000),
    meterId: one.meterId === null ? null : String(one.meterId),
    waitsFor: null,
    heardBefore: false,
  }));
  const radio = stored.filter((one) => one.radio).map((one) => ({ ...one, readAt: one.readAt.getTime() }));
  const heard = (await heardInRows(tx, radio)).union(await heardInPacks(tx, radio));
  return stored.map((one) => ({ ...one, heardBefore: heard.has(one.telegramId) }));
}

/** The ids of those that another gateway has brought before, which is a row. */
async function heardInRows(tx: Tx, radio: RadioTelegram[]): Promise<Set<string>> {
  if (radio.length === 0) return new Set();
  const found = await tx<{ id: string }[]>`
    select distinct input.telegram_id::text as id
    from unnest(
      ${bareLiteral(radio.map(({ tenantId }) => tenantId))}::text::integer[],
      ${arrayLiteral(radio.map(({ gateway }) => gateway))}::text::text[],
      ${bareLiteral(radio.map(({ telegramId }) => telegramId))}::text::bigint[],
      ${bytesLiteral(radio.map(({ bytes }) => radioHash(bytes)))}::text::bytea[],
      ${bareLiteral(radio.map(({ readAt }) => new Date(readAt).toISOString()))}::text::timestamptz[]
    ) as input (tenant_id, gateway_id, telegram_id, radio_hash, read_at)
    join telegrams other on other.tenant_id = input.tenant_id and other.radio_hash = input.radio_hash
      and other.gateway_id <> input.gateway_id and other.telegram_id < input.telegram_id
      and other.read_at between input.read_at - ${ONE_TELEGRAM}::text::interval
                            and input.read_at + ${ONE_TELEGRAM}::text::interval`;
  return new Set(found.map(({ id }) => id));
}

/** Writes the pack with the notes, where they say anything new. */
async function packAnew(tx: Tx, pack: Pack, notes: TelegramNote[]) {
  const noteOf = new Map(notes.map((note) => [note.telegramId, note]));
  const telegrams = pack.telegrams.map((one): PackedTelegram & { waitsFor: string | null } => {
    const note = noteOf.get(String(one.telegramId));
    if (note === undefined) return { ...one, waitsFor: null };
    const { decodeError, waitsFor } = note;
    const meterId = note.meterId === null ? null : Number(note.meterId);
    return { ...one, meterId, decodeError, decoderVersion: DECODER_VERSION, waitsFor };
  });
  const isNew = telegrams.some(({ meterId, decodeError, decoderVersion, waitsFor }, index) => {
    const before = pack.telegrams[index];
    return before?.meterId !== meterId || before.decodeError !== decodeError ||
      before.decoderVersion !== decoderVersion || waitsFor !== null;
  });
  if (!isNew) return;
  const readouts = [...Map.groupBy(telegrams, ({ seq, readAt }) => `${seq} ${readAt}`).values()];
  const waiting = readouts.filter((readout) => readout.some(({ waitsFor }) => waitsFor !== null)).flat();
  const packed = readouts.filter((readout) => readout.every(({ waitsFor }) => waitsFor === null)).flat();
  await deletePack(tx, pack);
  if (packed.length > 0) await insertPack(tx, pack, packed);
  await insertRows(tx, pack, waiting);
}
