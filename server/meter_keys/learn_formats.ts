import type { CompactFormat } from "@mbus-gateway/mbus";
import type { Tx } from "../db/mod.ts";
import { arrayLiteral } from "../ingest/array_literal.ts";
import type { Knowledge } from "./knowledge.ts";

/** A format that a tenant's meter told. */
export interface LearntFormat {
  tenantId: number;
  format: CompactFormat;
}

/** Keeps the formats that are not known yet, for all servers. Needs the role `mbus_ingest`. */
export async function learnFormats(tx: Tx, learnt: LearntFormat[], knowledge: Knowledge): Promise<void> {
  const fresh = learnt.filter(({ tenantId, format }) => knowledge.of(tenantId).formats(format.signature) == null);
  const rows = [...new Map(fresh.map((row) => [`${row.tenantId} ${row.format.signature}`, row])).values()];
  if (rows.length === 0) return;
  await tx`
    insert into compact_formats (tenant_id, signature, format)
    select tenant_id, signature, decode(format, 'hex')
    from unnest(
      ${arrayLiteral(rows.map((row) => row.tenantId))}::text::integer[],
      ${arrayLiteral(rows.map((row) => row.format.signature))}::text::integer[],
      ${arrayLiteral(rows.map((row) => row.format.format.toHex()))}::text::text[]
    ) as row (tenant_id, signature, format)
    order by 1, 2
    on conflict do nothing`;
}
