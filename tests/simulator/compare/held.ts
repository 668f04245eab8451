import type postgres from "postgres";

/** A telegram that the server holds. */
export interface HeldTelegram {
  telegramId: string;
  epoch: string;
  seq: number;
  position: number;
  hex: string;
  decodeError: string | null;
  meter: string | null;
}

/** A reading that the server holds. */
export interface HeldReading {
  /** Null for a reading that points at no telegram. */
  telegramId: string | null;
  meter: string;
  quantity: string;
  unit: string;
  function: string;
  storageNumber: number;
  tariff: number;
  subunit: number;
  modifiers: string;
  occurrence: number;
  value: string;
  revision: number;
  isCurrent: boolean;
  /** Its time is that of its telegram. */
  timely: boolean;
}

/** What the server holds of one gateway. */
export interface Held {
  telegrams: HeldTelegram[];
  readings: HeldReading[];
  /** Readouts in quarantine, with the reason. */
  quarantined: { epoch: string; seq: number; reason: string }[];
}

/** Reads the server's tables with nothing but SQL; `sql` connects as one who passes row-level security. */
export async function readHeld(sql: postgres.Sql, gateway: string): Promise<Held> {
  const telegrams = await sql<HeldTelegram[]>`
    select t.telegram_id::text as "telegramId", t.epoch::text, t.seq::float8, t.position, encode(t.bytes, 'hex') as hex,
           t.decode_error as "decodeError", m.identity as meter
    from telegrams t left join meters m using (tenant_id, meter_id)
    where t.gateway_id = ${gateway}
    order by t.epoch, t.seq, t.read_at, t.position`;
  const readings = await sql<HeldReading[]>`
    select t.telegram_id::text as "telegramId", m.identity as meter, s.quantity, s.unit, s.function,
           s.storage_number::float8 as "storageNumber", s.tariff::float8, s.subunit::float8, s.modifiers, s.occurrence,
           r.value::text, r.revision, r.is_current as "isCurrent", coalesce(r.time = coalesce(t.corrected_read_at, t.read_at), false) as timely
    from readings r
    join series s using (tenant_id, series_id)
    join meters m using (tenant_id, meter_id)
    left join telegrams t on t.tenant_id = r.tenant_id and t.telegram_id = r.telegram_id
    where t.gateway_id = ${gateway} or t.telegram_id is null`;
  const quarantined = await sql<Held["quarantined"]>`
    select epoch::text, seq::float8, reason from quarantine where gateway_id = ${gateway} and seq is not null`;
  return { telegrams: [...telegrams], readings: [...readings], quarantined: [...quarantined] };
}
