import type { Tx } from "../db/mod.ts";
import { openPack, packColumns, type PackRow } from "./pack_store.ts";
import { type RowTelegram, rowTelegram, telegramColumns } from "./telegram_rows.ts";

/** A telegram by its meter and id. */
export interface TelegramName {
  tenantId: number;
  meterId: string;
  telegramId: string;
}

/**
 * The telegram that a meter's reading comes from, wherever it lies; null where it is kept no longer. Works under
 * `mbus_api` and `mbus_ingest`.
 */
export async function traceTelegram(
  tx: Tx,
  { tenantId, meterId, telegramId }: TelegramName,
): Promise<RowTelegram | null> {
  const [row] = await tx<RowTelegram[]>`
    select ${telegramColumns(tx)} from telegrams
    where tenant_id = ${tenantId} and telegram_id = ${telegramId}::text::bigint
      and meter_id = ${meterId}::text::bigint`;
  if (row !== undefined) return rowTelegram(row);
  const packs = await tx<PackRow[]>`
    select ${packColumns(tx)} from telegram_packs
    where int8range(first_telegram_id, last_telegram_id, '[]') @> ${telegramId}::text::bigint
      and tenant_id = ${tenantId} and meters @> ${meterId}::text::bigint`;
  for (const pack of packs) {
    const { telegrams, gateway, epoch } = openPack(pack);
    const found = telegrams.find((one) => one.telegramId === Number(telegramId) && one.meterId === Number(meterId));
    if (found !== undefined) return { tenantId, gateway, epoch, ...found };
  }
  return null;
}
