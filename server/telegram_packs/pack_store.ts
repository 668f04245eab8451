import { toRanges } from "@mbus-gateway/wire";
import type { Tx } from "../db/mod.ts";
import { bareLiteral } from "../ingest/array_literal.ts";
import { radioHash } from "../ingest/radio.ts";
import { decodePack, encodePack, type PackedTelegram } from "./pack_format.ts";
import { instant, type PackOwner } from "./telegram_rows.ts";

/** A pack with its telegrams, in the order of their numbers. */
export interface Pack extends PackOwner {
  /** As text, with which the row is found again. */
  firstReadAt: string;
  firstTelegramId: string;
  telegrams: PackedTelegram[];
}

/** The columns that {@linkcode openPack} reads. */
export function packColumns(tx: Tx) {
  return tx`
    tenant_id as "tenantId", gateway_id as gateway, epoch::text, first_read_at::text as "firstReadAt",
    first_telegram_id::text as "firstTelegramId", body`;
}

/** A row of packs as it was selected by {@linkcode packColumns}. */
export type PackRow = Omit<Pack, "telegrams"> & { body: Uint8Array };

/** @throws {PackError} when its body is damaged. */
export function openPack({ body, ...pack }: PackRow): Pack {
  return { ...pack, telegrams: decodePack(body) };
}

/** Stores whole readouts of one gateway, epoch and month as a pack; `telegrams` is not empty. Needs `mbus_ingest`. */
export async function insertPack(tx: Tx, owner: PackOwner, telegrams: PackedTelegram[]): Promise<void> {
  const values = <K extends "readAt" | "telegramId" | "receivedAt">(name: K) => telegrams.map((one) => one[name]);
  const { tenantId, gateway, epoch } = owner;
  const radioKeys = telegrams.flatMap(({ radio, bytes }) => radio ? radioKey(bytes) : []);
  await tx`
    insert into telegram_packs (tenant_id, gateway_id, epoch, first_read_at, last_read_at, first_telegram_id,
      last_telegram_id, seqs, meters, radio_keys, received_at, telegrams, raw_bytes, body)
    values (
      ${tenantId}, ${gateway}, ${epoch}::text::uuid, ${instant(tx, least(values("readAt")))},
      ${instant(tx, most(values("readAt")))}, ${least(values("telegramId"))}::float8::bigint,
      ${most(values("telegramId"))}::float8::bigint, ${
    multirange(telegrams.map(({ seq }) => seq))
  }::text::int8multirange,
      ${multirange(telegrams.flatMap(({ meterId }) => meterId ?? []))}::text::int8multirange,
      ${radioKeys.length === 0 ? null : bareLiteral(radioKeys)}::text::integer[],
      ${instant(tx, most(values("receivedAt")))}, ${telegrams.length},
      ${telegrams.reduce((sum, { bytes }) => sum + bytes.length, 0)}, ${encodePack(telegrams)})`;
}

export async function deletePack(tx: Tx, pack: Omit<Pack, "telegrams">): Promise<void> {
  await tx`
    delete from telegram_packs
    where tenant_id = ${pack.tenantId} and gateway_id = ${pack.gateway} and epoch = ${pack.epoch}::text::uuid
      and first_read_at = ${pack.firstReadAt}::text::timestamptz
      and first_telegram_id = ${pack.firstTelegramId}::text::bigint`;
}

/** The first four bytes of a radio telegram's hash: by these packs are chosen, and by the whole hash telegrams. */
export function radioKey(frame: Uint8Array): number {
  const { buffer, byteOffset } = radioHash(frame);
  return new DataView(buffer, byteOffset).getInt32(0);
}

function multirange(values: number[]): string {
  return `{${toRanges(values).map(([first, last]) => `[${first},${last}]`).join(",")}}`;
}

function least(values: number[]): number {
  return values.reduce((a, b) => Math.min(a, b), Infinity);
}

function most(values: number[]): number {
  return values.reduce((a, b) => Math.max(a, b), -Infinity);
}
