import {
  type CompactFormat,
  type DataRecord,
  DECODER_VERSION,
  decodeTelegram,
  isWirelessFrame,
  type Telegram,
  TelegramError,
  WirelessTelegram,
} from "@mbus-gateway/mbus";
import type { Readout } from "@mbus-gateway/wire";
import type { TenantKnowledge } from "../meter_keys/knowledge.ts";
import { addressCounter, type SeriesAddress } from "./series_address.ts";

export type { SeriesAddress } from "./series_address.ts";

/** Who a meter is, and the key under which it is known within its tenant. */
export interface MeterIdentityRow {
  identity: string;
  manufacturer: string | null;
  identification: string | null;
  version: number | null;
  deviceTypeCode: number | null;
  deviceType: string | null;
}

/** One value, and the telegram (by its position in the readout) that it comes from. */
export interface DecodedValue {
  position: number;
  series: SeriesAddress;
  /** An exact decimal. */
  value: string;
}

/** A text or a date that a meter states. */
export interface DecodedAttribute {
  position: number;
  key: string;
  kind: string;
  value: string;
}

/** What a readout says. */
export interface DecodedReadout {
  meter: MeterIdentityRow | null;
  values: DecodedValue[];
  attributes: DecodedAttribute[];
  /** By position, why a telegram could not be decoded; its bytes are kept all the same. */
  errors: (string | null)[];
  /** By position, whether a telegram came by radio, where several gateways may hear it. */
  wireless: boolean[];
  /** By position, what a telegram waits for before it can be decoded: `key ELS 44493951` or `format 18193`. */
  waitsFor: (string | null)[];
  /** Formats of compact frames that its full frames tell. */
  learnt: CompactFormat[];
}

/** The version of the decoder whose work this is; 0 for values that a third-party gateway stated. */
export function decoderVersionOf(readout: Readout): number {
  return "frames" in readout ? DECODER_VERSION : 0;
}

/**
 * Decodes the telegrams of a readout with the decoder that the gateway uses too; the raw frame is the truth.
 *
 * @param gateway names the meter, with bus and address, where its telegrams have no header.
 * @param knowledge keys and compact formats of the gateway's tenant.
 */
export function decodeReadout(gateway: string, readout: Readout, knowledge: TenantKnowledge): DecodedReadout {
  const decoded: DecodedReadout = {
    meter: null,
    values: [],
    attributes: [],
    errors: [],
    wireless: [],
    waitsFor: [],
    learnt: [],
  };
  const addressOf = addressCounter();
  if ("values" in readout) {
    decoded.meter = identify(readout.meter, null);
    decoded.errors.push(null);
    decoded.wireless.push(false);
    decoded.waitsFor.push(null);
    for (const stated of readout.values) {
      const series = addressOf(`stated:${stated.quantity}:${stated.storageNumber}`, stated);
      decoded.values.push({ position: 0, series, value: stated.value });
    }
    return decoded;
  }
  for (const [position, frame] of readout.frames.entries()) {
    const { telegram, error, waitsFor } = tryDecode(frame, knowledge);
    decoded.wireless.push(isWirelessFrame(frame));
    decoded.waitsFor.push(waitsFor);
    if (telegram === null) {
      decoded.errors.push(error);
      continue;
    }
    if (telegram instanceof WirelessTelegram && telegram.learntFormat !== null) {
      decoded.learnt.push(telegram.learntFormat);
    }
    decoded.errors.push(telegram.fault === null ? null : describe(telegram.fault)); // what stands before it is sound
    decoded.meter ??= identify(telegram, telegram.deviceType) ?? headerless(gateway, readout);
    for (const record of telegram.records) take(record, position, addressOf, decoded);
  }
  return decoded;
}

function take(
  record: DataRecord,
  position: number,
  addressOf: ReturnType<typeof addressCounter>,
  decoded: DecodedReadout,
) {
  if (record.value === null || record.error !== null || record.kind === "none" || record.kind === "bytes") return;
  const series = addressOf(record.key, record);
  if (record.kind === "number") decoded.values.push({ position, series, value: record.value });
  else {
    const key = series.occurrence === 0 ? record.key : `${record.key}#${series.occurrence}`;
    decoded.attributes.push({ position, key, kind: record.kind, value: record.value });
  }
}

type Tried =
  | { telegram: Telegram; error: null; waitsFor: null }
  | { telegram: null; error: string; waitsFor: string | null };

/** Decodes, and where that fails sees whether it is for want of a key or of a format, and which. */
function tryDecode(frame: Uint8Array, { keys, formats }: TenantKnowledge): Tried {
  let missing: string | null = null;
  const known: TenantKnowledge = {
    keys(meter) {
      missing = `key ${meter.manufacturer} ${meter.identification}`;
      return keys(meter);
    },
    formats(signature) {
      const format = formats(signature) ?? null;
      if (format === null) missing = `format ${signature}`;
      return format;
    },
  };
  try {
    return { telegram: decodeTelegram(frame, known), error: null, waitsFor: null };
  } catch (error) {
    if (!(error instanceof TelegramError)) throw error;
    return { telegram: null, error: describe(error), waitsFor: WAITING.has(error.code) ? missing : null };
  }
}

/** Codes of what a key or a format can mend; a wrong key waits for the right one. */
const WAITING = new Set(["key_missing", "key_wrong", "unsupported"]);

function describe({ message, code, offset }: { message: string; code: string; offset: number }): string {
  return `${message} (${code}, offset ${offset})`;
}

type Header = Pick<Telegram, "manufacturer" | "identification" | "version" | "deviceTypeCode">;

function identify(header: Header, deviceType: string | null): MeterIdentityRow | null {
  const { manufacturer, identification, version, deviceTypeCode } = header;
  if (manufacturer === null || identification === null) return null;
  const identity = `${manufacturer}:${identification}:${version}:${deviceTypeCode}`;
  return { identity, manufacturer, identification, version, deviceTypeCode, deviceType };
}

function headerless(gateway: string, { bus, address }: Readout): MeterIdentityRow {
  const identity = `${gateway}/${bus}/${address}`;
  return {
    identity,
    manufacturer: null,
    identification: null,
    version: null,
    deviceTypeCode: null,
    deviceType: null,
  };
}
