import type { Readout } from "@mbus-gateway/wire";
import type { Tx } from "../db/mod.ts";
import { arrayLiteral, bareLiteral, bytesLiteral } from "./array_literal.ts";
import type { IncomingMessage } from "./incoming.ts";

/** One telegram of a readout, under its key (tenant, gateway, epoch, seq, readAt, position). */
export interface TelegramRow {
  tenantId: number;
  gateway: string;
  epoch: string;
  readout: Readout;
  origin: IncomingMessage["origin"];
  position: number;
  kind: "frame" | "values";
  bytes: Uint8Array;
}

/** A telegram with what decoding found out. */
export interface DecodedTelegramRow extends TelegramRow {
  telegramId: string;
  meterId: string | null;
  decoderVersion: number;
  decodeError: string | null;
  /** The key or compact format without which it could not be decoded. */
  waitsFor: string | null;
  /** SHA-256 of a wireless telegram; null for a wired one. */
  radioHash: Uint8Array | null;
}

/** The telegrams of a readout as rows; what a third-party gateway stated is kept as its JSON. */
export function telegramRows(
  owner: { tenantId: number; gateway: string; epoch: string; origin: IncomingMessage["origin"] },
  readout: Readout,
): TelegramRow[] {
  const row = (position: number, kind: TelegramRow["kind"], bytes: Uint8Array): TelegramRow => ({
    ...owner,
    readout,
    position,
    kind,
    bytes,
  });
  if ("frames" in readout) return readout.frames.map((frame, position) => row(position, "frame", frame));
  const { meter, values } = readout;
  return [row(0, "values", new TextEncoder().encode(JSON.stringify({ meter, values })))];
}

/** The key of a telegram as one text. */
export function telegramKey({ tenantId, gateway, epoch, readout, position }: TelegramRow): string {
  return `${tenantId} ${gateway} ${epoch} ${readout.seq} ${readout.readAt} ${position}`;
}

/** Which of the rows are stored already: their indexes, and whether their bytes are the same. */
export async function findStored(tx: Tx, rows: TelegramRow[]): Promise<Map<number, "same" | "other">> {
  if (rows.length === 0) return new Map();
  const found = await tx<{ index: number; same: boolean }[]>`
    select (input.index - 1)::integer as index, stored.bytes = input.bytes as same
    from unnest(
      ${keyArrays(tx, rows)},
      ${bytesLiteral(rows.map((row) => row.bytes))}::text::bytea[]
    ) with ordinality as input (tenant_id, gateway_id, epoch, seq, read_at, position, bytes, index)
    cross join lateral ( -- by its key, however large the planner thinks that the table is
      select bytes from telegrams
      where (tenant_id, gateway_id, epoch, seq, read_at, position) =
        (input.tenant_id, input.gateway_id, input.epoch, input.seq, input.read_at, input.position)
      limit 1
    ) stored`;
  return new Map(found.map(({ index, same }) => [index, same ? "same" : "other"]));
}

/** The columns of the key, each an array. */
function keyArrays(tx: Tx, rows: TelegramRow[]) {
  return tx`
      ${bareLiteral(rows.map((row) => row.tenantId))}::text::integer[],
      ${arrayLiteral(rows.map((row) => row.gateway))}::text::text[],
      ${bareLiteral(rows.map((row) => row.epoch))}::text::uuid[],
      ${bareLiteral(rows.map((row) => row.readout.seq))}::text::bigint[],
      ${bareLiteral(rows.map((row) => row.readout.readAt))}::text::timestamptz[],
      ${bareLiteral(rows.map((row) => row.position))}::text::smallint[]`;
}

/** The statement that stores rows of which none is there yet; it fails with SQLSTATE 23505 when one is. */
export function telegramsInsert(tx: Tx, rows: DecodedTelegramRow[]) {
  return tx`insert into telegrams ${columns(tx)} select * from ${input(tx, rows)}`;
}

/**
 * Stores the rows that are not there yet.
 *
 * @returns the ids of those; that of a row which another server stored a moment ago is missing.
 */
export async function storeTelegrams(tx: Tx, rows: DecodedTelegramRow[]): Promise<Set<string>> {
  if (rows.length === 0) return new Set();
  const stored = await tx<{ telegram_id: string }[]>`
    insert into telegrams ${columns(tx)}
    select * from ${input(tx, rows)}
    on conflict do nothing
    returning telegram_id::text`;
  return new Set(stored.map(({ telegram_id }) => telegram_id));
}

function columns(tx: Tx) {
  return tx`(tenant_id, gateway_id, epoch, seq, read_at, position, telegram_id, kind, bytes, bus, address, clock_trusted,
    corrected_read_at, meter_id, decoder_version, decode_error, waits_for, radio_hash, rssi, flags)`;
}

function input(tx: Tx, rows: DecodedTelegramRow[]) {
  return tx`(
    select tenant_id, gateway_id, epoch, seq, read_at, position, telegram_id, kind, bytes, bus, address, clock_trusted,
      corrected_read_at, meter_id, decoder_version, decode_error, waits_for, radio_hash, rssi, flags::text[]
    from unnest(
      ${keyArrays(tx, rows)},
      ${bareLiteral(rows.map((row) => row.telegramId))}::text::bigint[],
      ${bareLiteral(rows.map((row) => row.kind))}::text::text[],
      ${bytesLiteral(rows.map((row) => row.bytes))}::text::bytea[],
      ${arrayLiteral(rows.map((row) => row.readout.bus))}::text::text[],
      ${arrayLiteral(rows.map((row) => row.readout.address))}::text::text[],
      ${bareLiteral(rows.map((row) => row.readout.clock === "trusted"))}::text::boolean[],
      ${bareLiteral(rows.map((row) => row.readout.correctedReadAt ?? null))}::text::timestamptz[],
      ${bareLiteral(rows.map((row) => row.meterId))}::text::bigint[],
      ${bareLiteral(rows.map((row) => row.decoderVersion))}::text::smallint[],
      ${arrayLiteral(rows.map((row) => row.decodeError))}::text::text[],
      ${arrayLiteral(rows.map((row) => row.waitsFor))}::text::text[],
      ${bytesLiteral(rows.map((row) => row.radioHash))}::text::bytea[],
      ${bareLiteral(rows.map((row) => row.readout.rssi ?? null))}::text::smallint[],
      ${arrayLiteral(rows.map((row) => flagsLiteral(row.readout)))}::text::text[]
    ) as row (tenant_id, gateway_id, epoch, seq, read_at, position, telegram_id, kind, bytes, bus, address, clock_trusted,
      corrected_read_at, meter_id, decoder_version, decode_error, waits_for, radio_hash, rssi, flags)
  ) input`;
}

/** An array within an array of texts: PostgreSQL's own arrays of arrays must all be of one length. */
function flagsLiteral({ flags = [] }: Readout): string | null {
  return flags.length === 0 ? null : bareLiteral(flags);
}
