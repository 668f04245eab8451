import type { Tx } from "../db/mod.ts";
import { arrayLiteral, bareLiteral } from "./array_literal.ts";

/** The tenant that a gateway is registered with, and the newest of what it sent. */
export interface GatewayRow {
  tenantId: number;
  gateway: string;
  readAt: string;
}

/** The tenants of gateways; one that is not registered is missing. */
export async function tenantsOf(tx: Tx, gateways: Iterable<string>): Promise<Map<string, number>> {
  const rows = await tx<{ gateway_id: string; tenant_id: number }[]>`
    select gateway_id, tenant_id from gateways where gateway_id = any(${arrayLiteral(gateways)}::text::text[])`;
  return new Map(rows.map((row) => [row.gateway_id, row.tenant_id]));
}

/** The statement that notes when each gateway last sent a reading; a gateway that is another tenant's now is left. */
export function gatewaysUpdate(tx: Tx, rows: GatewayRow[]) {
  return tx`
    update gateways set last_reading_at = greatest(last_reading_at, locked.read_at)
    from (
      select tenant_id, gateway_id, latest.read_at
      from gateways join unnest(
        ${bareLiteral(rows.map(({ tenantId }) => tenantId))}::text::integer[],
        ${arrayLiteral(rows.map(({ gateway }) => gateway))}::text::text[],
        ${bareLiteral(rows.map(({ readAt }) => readAt))}::text::timestamptz[]
      ) as latest (tenant_id, gateway_id, read_at) using (tenant_id, gateway_id)
      order by tenant_id, gateway_id -- two servers that lock the same rows take them in the same order
      for no key update of gateways
    ) locked
    where (gateways.tenant_id, gateways.gateway_id) = (locked.tenant_id, locked.gateway_id)`;
}
