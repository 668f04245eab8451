import { assertEquals } from "@std/assert";
import type { Sql } from "../../../server/db/mod.ts";
import type { ResendingGateway } from "./resending_gateway.ts";

/** Each readout of the gateway is stored once, with its value, and nothing else is there of it. */
export async function assertExact(sql: Sql, name: string, gateway: ResendingGateway, readouts: number): Promise<void> {
  const rows = await sql<{ seq: number; value: string; revision: number }[]>`
    select seq::int as seq, value::text, revision
    from telegrams join readings using (tenant_id, telegram_id)
    where gateway_id = ${name} order by seq`;
  const seqs = Array.from({ length: readouts }, (_, n) => n + 1);
  assertEquals(
    rows.map(({ seq, value, revision }) => [seq, value, revision]),
    seqs.map((seq) => [seq, String(gateway.energyOf(seq)), 1]),
  );
  const [telegrams] = await sql`select count(*)::int as n from telegrams where gateway_id = ${name}`;
  assertEquals(telegrams?.n, readouts);
}
