import type { TelegramRow } from "../ingest/telegram_store.ts";

/** Up to when telegrams of a tenant may lie in packs (`tenants.packed_before`); null: none does. */
export interface PackedTenant {
  tenantId: number;
  packedBefore: Date | null;
}

/**
 * Whether a telegram may lie in a pack, or one that was read so many milliseconds before it. Of fresh ones none does, and
 * nobody asks the database.
 */
export function mayBePacked(tenants: PackedTenant[], marginMs = 0): (row: TelegramRow) => boolean {
  const before = new Map(tenants.map(({ tenantId, packedBefore }) => [tenantId, packedBefore?.getTime() ?? -Infinity]));
  return ({ tenantId, readout }) => Date.parse(readout.readAt) - marginMs < (before.get(tenantId) ?? -Infinity);
}
