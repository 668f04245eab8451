import { DECODER_VERSION } from "@mbus-gateway/mbus";
import type { Tx } from "../db/mod.ts";
import { arrayLiteral } from "../ingest/array_literal.ts";
import { attributeInput, type AttributeRow, writeAttributes } from "../ingest/attributes.ts";
import { type DecodedReadout, decodeReadout } from "../ingest/decode_readout.ts";
import { readingTime } from "../ingest/incoming.ts";
import { KnownIds, learnMeters, learnSeries, meterKey, seriesKey } from "../ingest/known_ids.ts";
import type { ReadingRow } from "../ingest/reading_store.ts";
import type { Knowledge } from "../meter_keys/knowledge.ts";
import { learnFormats } from "../meter_keys/learn_formats.ts";
import { correctReadings, type Stated } from "./correct_readings.ts";
import type { StoredReadout } from "./stored_readout.ts";

interface Again {
  stored: StoredReadout;
  decoded: DecodedReadout;
  meterId: string | null;
}

/** What is known of a telegram after it was decoded again. */
export interface TelegramNote {
  tenantId: number;
  telegramId: string;
  readAt: string;
  meterId: string | null;
  decodeError: string | null;
  waitsFor: string | null;
}

/**
 * Decodes stored readouts with today's decoder, keys and formats, and writes only what comes out otherwise: a value that
 * changed becomes a revision, one that is no longer there ceases to be current, nothing is overwritten. Needs the role
 * `mbus_ingest`.
 *
 * @param note keeps what is known of the telegrams now; by default in their rows.
 * @returns how many readings changed.
 */
export async function decodeAgain(
  tx: Tx,
  readouts: StoredReadout[],
  knowledge: Knowledge,
  note: (tx: Tx, notes: TelegramNote[]) => Promise<void> = noteInRows,
): Promise<number> {
  if (readouts.length === 0) return 0;
  const decoded = readouts.map((stored) => ({
    stored,
    decoded: decodeReadout(stored.gateway, stored.readout, knowledge.of(stored.tenantId)),
  }));
  const ids = new KnownIds().begin();
  await learnMeters(
    tx,
    ids,
    decoded.flatMap(({ stored: { tenantId }, decoded: { meter } }) => meter === null ? [] : [{ tenantId, meter }]),
  );
  const again = decoded.map(({ stored, decoded }): Again => {
    const { meter } = decoded;
    return {
      stored,
      decoded,
      meterId: meter === null ? null : ids.get(meterKey(stored.tenantId, meter.identity)) ?? null,
    };
  });
  await learnSeries(
    tx,
    ids,
    again.flatMap(({ stored: { tenantId }, meterId, decoded: { values } }) =>
      meterId === null ? [] : values.map(({ series: address }) => ({ tenantId, meterId, address }))
    ),
  );
  const stated = again.map((one): Stated => ({
    tenantId: one.stored.tenantId,
    time: readingTime(one.stored.readout),
    meterIds: [one.stored.meterId, one.meterId].flatMap((id) => id ?? []),
    telegramIds: one.stored.telegrams.map(({ telegramId }) => telegramId),
    readings: readingsOf(one, ids.get),
  }));
  const changed = await correctReadings(tx, stated);
  await correctAttributes(tx, again.flatMap(attributesOf));
  await note(tx, again.flatMap(notesOf));
  const learnt = again.flatMap(({ stored: { tenantId }, decoded: { learnt } }) =>
    learnt.map((format) => ({ tenantId, format }))
  );
  await learnFormats(tx, learnt, knowledge);
  return changed;
}

function readingsOf({ stored, decoded, meterId }: Again, idOf: (key: string) => string | undefined): ReadingRow[] {
  if (meterId === null || stored.heardBefore) return [];
  const { tenantId, readout } = stored;
  return decoded.values.map(({ series, value, position }) => {
    const seriesId = idOf(seriesKey(tenantId, meterId, series));
    const telegramId = stored.telegrams[position]?.telegramId;
    if (seriesId === undefined || telegramId === undefined) {
      throw new Error(`Cannot file value: series ${JSON.stringify(series)} or its telegram has no id`);
    }
    return { tenantId, seriesId, time: readingTime(readout), value, telegramId, decoderVersion: DECODER_VERSION };
  });
}

function attributesOf({ stored, decoded, meterId }: Again): AttributeRow[] {
  if (meterId === null || stored.heardBefore) return [];
  const { tenantId, readout, telegrams } = stored;
  return decoded.attributes.map(({ position, key, kind, value }) => {
    const telegramId = telegrams[position]?.telegramId ?? "";
    return { tenantId, meterId, key, time: readingTime(readout), kind, value, telegramId };
  });
}

/** What a telegram stated otherwise before is mended; what it did not state is written where it is a change. */
async function correctAttributes(tx: Tx, rows: AttributeRow[]) {
  if (rows.length === 0) return;
  await tx`
    update meter_attributes stored set kind = stated.kind, value = stated.value
    from ${attributeInput(tx, rows)}
    where (stored.tenant_id, stored.meter_id, stored.key, stored.time, stored.telegram_id) =
        (stated.tenant_id, stated.meter_id, stated.key, stated.time, stated.telegram_id)
      and stored.value <> stated.value`;
  await writeAttributes(tx, rows);
}

function notesOf({ stored, decoded, meterId }: Again): TelegramNote[] {
  return stored.telegrams.map(({ telegramId, position }) => ({
    tenantId: stored.tenantId,
    telegramId,
    readAt: stored.readout.readAt,
    meterId: meterId ?? stored.meterId,
    decodeError: decoded.errors[position] ?? null,
    waitsFor: decoded.waitsFor[position] ?? null,
  }));
}

async function noteInRows(tx: Tx, rows: TelegramNote[]) {
  await tx`
    update telegrams stored
    set meter_id = input.meter_id, decoder_version = ${DECODER_VERSION}, decode_error = input.decode_error,
      waits_for = input.waits_for
    from unnest(
      ${arrayLiteral(rows.map((row) => row.tenantId))}::text::integer[],
      ${arrayLiteral(rows.map((row) => row.telegramId))}::text::bigint[],
      ${arrayLiteral(rows.map((row) => row.readAt))}::text::timestamptz[],
      ${arrayLiteral(rows.map((row) => row.meterId))}::text::bigint[],
      ${arrayLiteral(rows.map((row) => row.decodeError))}::text::text[],
      ${arrayLiteral(rows.map((row) => row.waitsFor))}::text::text[]
    ) as input (tenant_id, telegram_id, read_at, meter_id, decode_error, waits_for)
    where (stored.tenant_id, stored.telegram_id, stored.read_at) = (input.tenant_id, input.telegram_id, input.read_at)
      and (stored.meter_id, stored.decoder_version, stored.decode_error, stored.waits_for) is distinct from
        (input.meter_id, ${DECODER_VERSION}, input.decode_error, input.waits_for)`;
}
