import type { Tx } from "../db/mod.ts";
import { arrayLiteral, bareLiteral } from "../ingest/array_literal.ts";
import { ONE_TELEGRAM_MINUTES } from "../ingest/radio.ts";
import { type DecodedTelegramRow, telegramKey } from "../ingest/telegram_store.ts";
import { openPack, packColumns, type PackRow, radioKey } from "./pack_store.ts";
import type { MayBePacked } from "./packed_before.ts";

/** A telegram that came by radio. */
export interface RadioTelegram {
  tenantId: number;
  gateway: string;
  telegramId: string;
  /** Milliseconds since 1970. */
  readAt: number;
  bytes: Uint8Array;
}

/** How far apart two gateways hear one telegram at most, in milliseconds. */
const ONE_TELEGRAM_MS = ONE_TELEGRAM_MINUTES * 60_000;

/** As `findHeardBefore` of ingest has it, where the one before may lie in a pack. */
export async function findHeardInPacks(
  tx: Tx,
  telegrams: DecodedTelegramRow[],
  mayBePacked: MayBePacked,
): Promise<Set<string>> {
  const radio = telegrams.filter(({ radioHash, readout }) => radioHash !== null && mayBePacked(readout));
  const heard = await heardInPacks(tx, radio.map((row) => ({ ...row, readAt: Date.parse(row.readout.readAt) })));
  return new Set(radio.filter(({ telegramId }) => heard.has(telegramId)).map(telegramKey));
}

/** The ids of those radio telegrams that another gateway of the tenant has brought before, which lies in a pack. */
export async function heardInPacks(tx: Tx, radio: RadioTelegram[]): Promise<Set<string>> {
  if (radio.length === 0) return new Set();
  const before = (await selectPacksAround(tx, radio)).map(openPack).flatMap(({ tenantId, gateway, telegrams }) =>
    telegrams.filter((one) => one.radio).map((one) => ({ ...one, tenantId, gateway }))
  );
  const alike = Map.groupBy(before, ({ tenantId, bytes }) => `${tenantId} ${bytes.toHex()}`);
  const heard = radio.filter(({ tenantId, gateway, telegramId, readAt, bytes }) =>
    alike.get(`${tenantId} ${bytes.toHex()}`)?.some((other) =>
      other.gateway !== gateway && other.telegramId < Number(telegramId) &&
      Math.abs(other.readAt / 1000 - readAt) <= ONE_TELEGRAM_MS
    )
  );
  return new Set(heard.map(({ telegramId }) => telegramId));
}

/** The packs that hold a telegram of one of the keys, about when it was heard. */
async function selectPacksAround(tx: Tx, radio: RadioTelegram[]): Promise<PackRow[]> {
  const around = tx`make_interval(mins => ${ONE_TELEGRAM_MINUTES})`;
  return await tx<PackRow[]>`
    with wanted as (
      select distinct pack.tenant_id, pack.gateway_id, pack.epoch, pack.first_read_at, pack.first_telegram_id
      from unnest(
        ${bareLiteral(radio.map(({ tenantId }) => tenantId))}::text::integer[],
        ${arrayLiteral(radio.map(({ gateway }) => gateway))}::text::text[],
        ${bareLiteral(radio.map(({ bytes }) => radioKey(bytes)))}::text::integer[],
        ${bareLiteral(radio.map(({ readAt }) => new Date(readAt).toISOString()))}::text::timestamptz[]
      ) as input (tenant_id, gateway_id, key, read_at)
      cross join lateral (
        select * from telegram_packs
        where tenant_id = input.tenant_id and gateway_id <> input.gateway_id
          and first_read_at between date_trunc('month', input.read_at - ${around}, 'UTC') and input.read_at + ${around}
          and last_read_at >= input.read_at - ${around} and radio_keys @> array[input.key]
        offset 0
      ) pack
    )
    select ${packColumns(tx)} from wanted join telegram_packs using (
      tenant_id, gateway_id, epoch, first_read_at, first_telegram_id
    )`;
}
