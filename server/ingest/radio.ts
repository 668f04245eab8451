import { createHash } from "node:crypto";
import type { Tx } from "../db/mod.ts";
import { arrayLiteral } from "./array_literal.ts";
import { type DecodedTelegramRow, telegramKey } from "./telegram_store.ts";

/** Two gateways that hear the same bytes within so long have heard one telegram. */
export const ONE_TELEGRAM_MINUTES = 10;

/** By what a radio telegram is known again, whoever heard it. */
export function radioHash(frame: Uint8Array): Uint8Array {
  return createHash("sha256").update(frame).digest();
}

/**
 * The keys of the radio telegrams that another gateway of the tenant has brought before: they are kept, and make no
 * second reading. The locks hold until the end of the transaction, so that two servers which take in the same telegram at
 * once do so one after the other.
 */
export async function findHeardBefore(tx: Tx, telegrams: DecodedTelegramRow[]): Promise<Set<string>> {
  const radio = telegrams.filter((row) => row.radioHash !== null);
  if (radio.length === 0) return new Set();
  const hashes = radio.map((row) => row.radioHash?.toHex() ?? null);
  await tx`
    select pg_advisory_xact_lock(6410333, hash)
    from (select distinct hashtext(text) as hash from unnest(${
    arrayLiteral(hashes)
  }::text::text[]) text order by 1) locks`;
  const found = await tx<{ index: number }[]>`
    select distinct (input.index - 1)::integer as index
    from unnest(
      ${arrayLiteral(radio.map((row) => row.tenantId))}::text::integer[],
      ${arrayLiteral(hashes)}::text::text[],
      ${arrayLiteral(radio.map((row) => row.gateway))}::text::text[],
      ${arrayLiteral(radio.map((row) => row.readout.readAt))}::text::timestamptz[]
    ) with ordinality as input (tenant_id, hash, gateway_id, read_at, index)
    join telegrams stored on stored.tenant_id = input.tenant_id and stored.radio_hash = decode(input.hash, 'hex')
      and stored.gateway_id <> input.gateway_id
      and stored.read_at between input.read_at - make_interval(mins => ${ONE_TELEGRAM_MINUTES})
                             and input.read_at + make_interval(mins => ${ONE_TELEGRAM_MINUTES})`;
  const heard = new Set(found.flatMap(({ index }) => keyAt(radio, index)));
  const inBatch = new Map<string, DecodedTelegramRow[]>();
  for (const [index, row] of radio.entries()) {
    const key = `${row.tenantId} ${hashes[index]}`;
    const before = inBatch.get(key) ?? [];
    if (before.some((other) => isFromAnother(other, row))) heard.add(telegramKey(row));
    inBatch.set(key, [...before, row]);
  }
  return heard;
}

function keyAt(rows: DecodedTelegramRow[], index: number): string[] {
  const row = rows[index];
  return row === undefined ? [] : [telegramKey(row)];
}

function isFromAnother(a: DecodedTelegramRow, b: DecodedTelegramRow): boolean {
  const apart = Math.abs(Date.parse(a.readout.readAt) - Date.parse(b.readout.readAt));
  return a.gateway !== b.gateway && apart <= ONE_TELEGRAM_MINUTES * 60_000;
}
