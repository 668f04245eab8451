import type { Readout } from "@mbus-gateway/wire";
import type { Tx } from "../db/mod.ts";
import { arrayLiteral } from "./array_literal.ts";
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
    select (input.index - 1)::integer as index, stored.bytes = decode(input.bytes, 'hex') as same
    from unnest(
      ${arrayLiteral(rows.map((row) => row.tenantId))}::text::integer[],
      ${arrayLiteral(rows.map((row) => row.gateway))}::text::text[],
      ${arrayLiteral(rows.map((row) => row.epoch))}::text::uuid[],
      ${arrayLiteral(rows.map((row) => row.readout.seq))}::text::bigint[],
      ${arrayLiteral(rows.map((row) => row.readout.readAt))}::text::timestamptz[],
      ${arrayLiteral(rows.map((row) => row.position))}::text::smallint[],
      ${arrayLiteral(rows.map((row) => row.bytes.toHex()))}::text::text[]
    ) with ordinality as input (tenant_id, gateway_id, epoch, seq, read_at, position, bytes, index)
    join telegrams stored using (tenant_id, gateway_id, epoch, seq, read_at, position)`;
  return new Map(found.map(({ index, same }) => [index, same ? "same" : "other"]));
}

/**
 * Stores the rows that are not there yet.
 *
 * @returns the id of each row that was stored, by its {@linkcode telegramKey}; one that another server stored a moment
 * ago is missing.
 */
export async function storeTelegrams(tx: Tx, rows: DecodedTelegramRow[]): Promise<Map<string, string>> {
  if (rows.length === 0) return new Map();
  const stored = await tx<{ index: number; telegram_id: string }[]>`
    with input as (
      select *, nextval('telegram_ids') as telegram_id
      from unnest(
        ${arrayLiteral(rows.map((row) => row.tenantId))}::text::integer[],
        ${arrayLiteral(rows.map((row) => row.gateway))}::text::text[],
        ${arrayLiteral(rows.map((row) => row.epoch))}::text::uuid[],
        ${arrayLiteral(rows.map((row) => row.readout.seq))}::text::bigint[],
        ${arrayLiteral(rows.map((row) => row.readout.readAt))}::text::timestamptz[],
        ${arrayLiteral(rows.map((row) => row.position))}::text::smallint[],
        ${arrayLiteral(rows.map((row) => row.kind))}::text::text[],
        ${arrayLiteral(rows.map((row) => row.bytes.toHex()))}::text::text[],
        ${arrayLiteral(rows.map((row) => row.readout.bus))}::text::text[],
        ${arrayLiteral(rows.map((row) => row.readout.address))}::text::text[],
        ${arrayLiteral(rows.map((row) => row.readout.clock === "trusted"))}::text::boolean[],
        ${arrayLiteral(rows.map((row) => row.readout.correctedReadAt ?? null))}::text::timestamptz[],
        ${arrayLiteral(rows.map((row) => row.meterId))}::text::bigint[],
        ${arrayLiteral(rows.map((row) => row.decoderVersion))}::text::smallint[],
        ${arrayLiteral(rows.map((row) => row.decodeError))}::text::text[],
        ${arrayLiteral(rows.map((row) => row.waitsFor))}::text::text[],
        ${arrayLiteral(rows.map((row) => row.radioHash?.toHex() ?? null))}::text::text[]
      ) with ordinality as row (tenant_id, gateway_id, epoch, seq, read_at, position, kind, bytes, bus, address,
        clock_trusted, corrected_read_at, meter_id, decoder_version, decode_error, waits_for, radio_hash, index)
    ), stored as (
      insert into telegrams (tenant_id, gateway_id, epoch, seq, read_at, position, telegram_id, kind, bytes, bus, address,
        clock_trusted, corrected_read_at, meter_id, decoder_version, decode_error, waits_for, radio_hash)
      select tenant_id, gateway_id, epoch, seq, read_at, position, telegram_id, kind, decode(bytes, 'hex'), bus, address,
        clock_trusted, corrected_read_at, meter_id, decoder_version, decode_error, waits_for, decode(radio_hash, 'hex')
      from input
      order by tenant_id, gateway_id, epoch, seq, position
      on conflict do nothing
      returning telegram_id
    )
    select (index - 1)::integer as index, telegram_id::text from input join stored using (telegram_id)`;
  return new Map(stored.flatMap(({ index, telegram_id }) => {
    const row = rows[index];
    return row === undefined ? [] : [[telegramKey(row), telegram_id]];
  }));
}
