import type { Tx } from "../db/mod.ts";
import { arrayLiteral } from "./array_literal.ts";

/** A text or a date that a meter stated at an instant. */
export interface AttributeRow {
  tenantId: number;
  meterId: string;
  key: string;
  time: string;
  kind: string;
  value: string;
  telegramId: string;
}

/** Writes what differs from the meter's word before it; a late reading is compared with what was known at its time. */
export async function writeAttributes(tx: Tx, rows: AttributeRow[]): Promise<void> {
  if (rows.length > 0) await attributesInsert(tx, rows);
}

/** The statement of {@linkcode writeAttributes}. */
export function attributesInsert(tx: Tx, rows: AttributeRow[]) {
  return tx`
    insert into meter_attributes (tenant_id, meter_id, key, time, kind, value, telegram_id)
    select tenant_id, meter_id, key, time, kind, value, telegram_id
    from (
      select *, lag(value) over (partition by tenant_id, meter_id, key order by time, telegram_id) as value_before
      from ${attributeInput(tx, rows)}
    ) input
    where value is distinct from coalesce(value_before, (
      select stored.value from meter_attributes stored
      where stored.tenant_id = input.tenant_id and stored.meter_id = input.meter_id and stored.key = input.key
        and stored.time <= input.time
      order by stored.time desc limit 1
    ))
    order by tenant_id, meter_id, key, time
    on conflict do nothing`;
}

/** The rows as a table `stated` with the columns of `meter_attributes`. */
export function attributeInput(tx: Tx, rows: AttributeRow[]) {
  const column = <K extends keyof AttributeRow>(name: K) => arrayLiteral(rows.map((row) => row[name]));
  return tx`unnest(
    ${column("tenantId")}::text::integer[],
    ${column("meterId")}::text::bigint[],
    ${column("key")}::text::text[],
    ${column("time")}::text::timestamptz[],
    ${column("kind")}::text::text[],
    ${column("value")}::text::text[],
    ${column("telegramId")}::text::bigint[]
  ) as stated (tenant_id, meter_id, key, time, kind, value, telegram_id)`;
}
