import { createHash } from "node:crypto";
import type { Tx } from "../db/mod.ts";
import { arrayLiteral } from "./array_literal.ts";
import type { IncomingMessage } from "./incoming.ts";

/** The tenant of what no tenant's gateway sent. */
export const NO_TENANT = 0;

/** Something that could not be taken in: its bytes, and why. */
export interface QuarantineRow {
  tenantId: number;
  /** What makes it the same thing when it comes again; the SHA-256 of this is the key. */
  fingerprint: Uint8Array;
  code: string;
  reason: string;
  payload: Uint8Array;
  origin: IncomingMessage["origin"];
  gateway: string;
  epoch: string | null;
  seq: number | null;
}

/** SHA-256 over the parts, each with its length before it, so that no two lists of parts are alike. */
export function fingerprint(...parts: (string | number | Uint8Array)[]): Uint8Array {
  const hash = createHash("sha256");
  for (const part of parts) {
    const bytes = part instanceof Uint8Array ? part : new TextEncoder().encode(String(part));
    hash.update(`${bytes.length}:`).update(bytes);
  }
  return hash.digest();
}

/** The fingerprint of a message as a whole: that of its bytes alone. */
export function messageFingerprint(payload: Uint8Array): Uint8Array {
  return createHash("sha256").update(payload).digest();
}

/** Files the rows; one seen before is counted and not kept twice. Needs the role `mbus_ingest`. */
export async function quarantine(tx: Tx, rows: QuarantineRow[]): Promise<void> {
  if (rows.length === 0) return;
  const column = <K extends keyof QuarantineRow>(name: K) => rows.map((row) => row[name]);
  const hex = (bytes: Uint8Array) => bytes.toHex();
  await tx`
    insert into quarantine (tenant_id, fingerprint, code, reason, payload, origin, gateway_id, epoch, seq, times)
    select tenant_id, decode(fingerprint, 'hex'), min(code), min(reason), decode(min(payload), 'hex'), min(origin),
           min(gateway_id), min(epoch)::uuid, min(seq), count(*)
    from unnest(
      ${arrayLiteral(column("tenantId"))}::text::integer[],
      ${arrayLiteral(column("fingerprint").map(hex))}::text::text[],
      ${arrayLiteral(column("code"))}::text::text[],
      ${arrayLiteral(column("reason"))}::text::text[],
      ${arrayLiteral(column("payload").map(hex))}::text::text[],
      ${arrayLiteral(column("origin"))}::text::text[],
      ${arrayLiteral(column("gateway"))}::text::text[],
      ${arrayLiteral(column("epoch"))}::text::text[],
      ${arrayLiteral(column("seq"))}::text::bigint[]
    ) as input (tenant_id, fingerprint, code, reason, payload, origin, gateway_id, epoch, seq)
    group by tenant_id, fingerprint
    order by tenant_id, fingerprint -- two servers that lock the same rows take them in the same order
    on conflict (tenant_id, fingerprint) do update
    set times = quarantine.times + excluded.times, last_received_at = now()`;
}
