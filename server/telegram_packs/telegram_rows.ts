import type { Tx } from "../db/mod.ts";
import { arrayLiteral, bareLiteral, bytesLiteral } from "../ingest/array_literal.ts";
import type { PackedTelegram } from "./pack_format.ts";

/** What all telegrams of a pack share, beside the month in which they were read. */
export interface PackOwner {
  tenantId: number;
  gateway: string;
  epoch: string;
}

/** A telegram that is still a row. */
export interface RowTelegram extends PackOwner, PackedTelegram {}

/** The columns of {@linkcode RowTelegram}. */
export function telegramColumns(tx: Tx) {
  return tx`
    tenant_id as "tenantId", gateway_id as gateway, epoch::text, seq::float8, ${
    microseconds(tx, "read_at")
  } as "readAt",
    position, telegram_id::float8 as "telegramId", kind, bytes, bus, address, clock_trusted as "clockTrusted",
    ${microseconds(tx, "corrected_read_at")} as "correctedReadAt", ${microseconds(tx, "received_at")} as "receivedAt",
    meter_id::float8 as "meterId", decoder_version as "decoderVersion", decode_error as "decodeError",
    radio_hash is not null as radio, rssi, array_to_json(flags)::text as flags`;
}

/** A row as it was selected, its bytes as they are everywhere else and not a Buffer. */
export function rowTelegram<T extends RowTelegram>(row: T): T {
  return { ...row, bytes: new Uint8Array(row.bytes) };
}

/** A column as microseconds since 1970, exact for centuries. */
function microseconds(tx: Tx, column: string) {
  return tx`(extract(epoch from ${tx(column)}) * 1000000)::float8`;
}

/** The instant of microseconds since 1970, exactly. */
export function instant(tx: Tx, microseconds: number) {
  return tx`(timestamptz 'epoch' + ${microseconds}::float8 * interval '1 microsecond')`;
}

/** Telegrams that come out of a pack, with what they wait for now. */
export async function insertRows(
  tx: Tx,
  { tenantId, gateway, epoch }: PackOwner,
  telegrams: (PackedTelegram & { waitsFor: string | null })[],
): Promise<void> {
  if (telegrams.length === 0) return;
  const texts = <K extends keyof PackedTelegram | "waitsFor">(name: K) =>
    arrayLiteral(telegrams.map((telegram) => telegram[name] as string | number | boolean | null));
  const times = (name: "readAt" | "correctedReadAt" | "receivedAt") =>
    tx`${bareLiteral(telegrams.map((telegram) => telegram[name]))}::text::float8[]`;
  await tx`
    insert into telegrams (tenant_id, gateway_id, epoch, seq, read_at, position, telegram_id, kind, bytes, bus, address,
      clock_trusted, corrected_read_at, received_at, meter_id, decoder_version, decode_error, radio_hash, rssi, flags,
      waits_for)
    select ${tenantId}, ${gateway}, ${epoch}::text::uuid, seq, timestamptz 'epoch' + read_at * interval '1 microsecond',
      position, telegram_id, kind, bytes, bus, address, clock_trusted,
      timestamptz 'epoch' + corrected_read_at * interval '1 microsecond',
      timestamptz 'epoch' + received_at * interval '1 microsecond', meter_id, decoder_version, decode_error,
      case when radio then sha256(bytes) end, rssi,
      case when flags is not null then array(select json_array_elements_text(flags::json)) end, waits_for
    from unnest(
      ${texts("seq")}::text::bigint[],
      ${times("readAt")},
      ${texts("position")}::text::smallint[],
      ${texts("telegramId")}::text::bigint[],
      ${texts("kind")}::text::text[],
      ${bytesLiteral(telegrams.map(({ bytes }) => bytes))}::text::bytea[],
      ${texts("bus")}::text::text[],
      ${texts("address")}::text::text[],
      ${texts("clockTrusted")}::text::boolean[],
      ${times("correctedReadAt")},
      ${times("receivedAt")},
      ${texts("meterId")}::text::bigint[],
      ${texts("decoderVersion")}::text::smallint[],
      ${texts("decodeError")}::text::text[],
      ${texts("radio")}::text::boolean[],
      ${texts("rssi")}::text::smallint[],
      ${texts("flags")}::text::text[],
      ${texts("waitsFor")}::text::text[]
    ) as row (seq, read_at, position, telegram_id, kind, bytes, bus, address, clock_trusted, corrected_read_at,
      received_at, meter_id, decoder_version, decode_error, radio, rssi, flags, waits_for)`;
}
