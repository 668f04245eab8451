import type { FramesReadout } from "@mbus-gateway/wire";
import type { Tx } from "../db/mod.ts";
import { heardInPacks } from "../telegram_packs/heard_in_packs.ts";

/** A telegram as it is stored. */
export interface StoredTelegram {
  telegramId: string;
  position: number;
  decoderVersion: number;
  decodeError: string | null;
  waitsFor: string | null;
}

/** A readout put together again from its telegrams. */
export interface StoredReadout {
  tenantId: number;
  gateway: string;
  epoch: string;
  readout: FramesReadout;
  telegrams: StoredTelegram[];
  /** The meter that it was filed under; null where it could not be decoded. */
  meterId: string | null;
  /** Another gateway brought the same radio telegram before: it makes no second reading. */
  heardBefore: boolean;
}

/** Which readouts to look at next, in the order in which they came. */
export interface Selection {
  /** Only those whose first telegram's id is at least this. */
  from: string;
  /** Only those read since. */
  since: Date;
  meterId?: string | null;
  tenantId?: number;
  /** Only those with a telegram that waits for this. */
  waitsFor?: string;
  limit: number;
}

/** A telegram with what it says of its readout. */
export interface TelegramOfReadout extends StoredTelegram {
  tenantId: number;
  gateway: string;
  epoch: string;
  seq: string;
  readAt: Date;
  bytes: Uint8Array;
  bus: string;
  address: string;
  clockTrusted: boolean;
  correctedReadAt: Date | null;
  meterId: string | null;
  radio: boolean;
  heardBefore: boolean;
}

/** Two gateways that hear the same bytes within so long have heard one telegram, as ingest has it. */
export const ONE_TELEGRAM = "10 minutes";

/** Readouts of frames that are rows, whole, by their telegrams' ids. Needs the role `mbus_ingest`. */
export async function selectReadouts(tx: Tx, selection: Selection): Promise<StoredReadout[]> {
  const { from, since, meterId = null, tenantId = null, waitsFor = null, limit } = selection;
  const rows = await tx<TelegramOfReadout[]>`
    with chosen as (
      select distinct tenant_id, gateway_id, epoch, seq, read_at, min(telegram_id) as first_id
      from telegrams
      where kind = 'frame' and read_at >= ${since}
        and (${tenantId}::integer is null or tenant_id = ${tenantId})
        and (${meterId}::text is null or meter_id = ${meterId}::text::bigint)
        and (${waitsFor}::text is null or waits_for = ${waitsFor})
        and telegram_id >= ${from}::text::bigint
      group by tenant_id, gateway_id, epoch, seq, read_at
      order by first_id
      limit ${limit}
    )
    select tenant_id as "tenantId", gateway_id as gateway, epoch::text, seq::text, read_at as "readAt", position, bytes,
      telegram_id::text as "telegramId", bus, address, clock_trusted as "clockTrusted",
      corrected_read_at as "correctedReadAt", meter_id::text as "meterId", decoder_version as "decoderVersion",
      decode_error as "decodeError", waits_for as "waitsFor",
      radio_hash is not null as radio,
      radio_hash is not null and exists (
        select from telegrams other
        where other.tenant_id = stored.tenant_id and other.radio_hash = stored.radio_hash
          and other.gateway_id <> stored.gateway_id and other.telegram_id < stored.telegram_id
          and other.read_at between stored.read_at - ${ONE_TELEGRAM}::text::interval
                                and stored.read_at + ${ONE_TELEGRAM}::text::interval
      ) as "heardBefore"
    from chosen join telegrams stored using (tenant_id, gateway_id, epoch, seq, read_at)
    order by first_id, position`;
  const radio = rows.filter((row) => row.radio && !row.heardBefore);
  const heard = await heardInPacks(tx, radio.map((row) => ({ ...row, readAt: row.readAt.getTime() })));
  return readoutsOf(rows.map((row) => ({ ...row, heardBefore: row.heardBefore || heard.has(row.telegramId) })));
}

/** Readouts put together again from their telegrams, which stand in order. */
export function readoutsOf(telegrams: TelegramOfReadout[]): StoredReadout[] {
  return [...Map.groupBy(telegrams, readoutKey).values()].flatMap(putTogether);
}

function readoutKey({ tenantId, gateway, epoch, seq, readAt }: TelegramOfReadout): string {
  return `${tenantId} ${gateway} ${epoch} ${seq} ${readAt.getTime()}`;
}

function putTogether(rows: TelegramOfReadout[]): StoredReadout[] {
  const [first] = rows;
  if (first === undefined) return [];
  const { tenantId, gateway, epoch, seq, readAt, bus, address, clockTrusted, correctedReadAt } = first;
  return [{
    tenantId,
    gateway,
    epoch,
    readout: {
      seq: Number(seq),
      bus,
      address,
      readAt: readAt.toISOString(),
      clock: clockTrusted ? "trusted" : "untrusted",
      ...(correctedReadAt !== null && { correctedReadAt: correctedReadAt.toISOString() }),
      frames: rows.map(({ bytes }) => new Uint8Array(bytes)),
    },
    telegrams: rows,
    meterId: first.meterId,
    heardBefore: rows.some(({ heardBefore }) => heardBefore),
  }];
}
