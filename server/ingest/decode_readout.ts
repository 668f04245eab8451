import { type DataRecord, DECODER_VERSION, decodeTelegram, type Telegram, TelegramError } from "@mbus-gateway/mbus";
import type { Readout } from "@mbus-gateway/wire";

/** Who a meter is, and the key under which it is known within its tenant. */
export interface MeterIdentityRow {
  identity: string;
  manufacturer: string | null;
  identification: string | null;
  version: number | null;
  deviceTypeCode: number | null;
  deviceType: string | null;
}

/** The address of a value within its meter. */
export interface SeriesAddress {
  quantity: string;
  unit: string;
  function: string;
  storageNumber: number;
  tariff: number;
  subunit: number;
  /** Names joined by one space. */
  modifiers: string;
  /** Counts identical addresses within one readout, from 0. */
  occurrence: number;
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
}

/** The version of the decoder whose work this is; 0 for values that a third-party gateway stated. */
export function decoderVersionOf(readout: Readout): number {
  return "frames" in readout ? DECODER_VERSION : 0;
}

/**
 * Decodes the telegrams of a readout with the decoder that the gateway uses too; the raw frame is the truth.
 *
 * @param gateway names the meter, with bus and address, where its telegrams have no header.
 */
export function decodeReadout(gateway: string, readout: Readout): DecodedReadout {
  const decoded: DecodedReadout = { meter: null, values: [], attributes: [], errors: [], wireless: [] };
  const occurrence = occurrenceCounter();
  if ("values" in readout) {
    decoded.meter = identify(readout.meter, null);
    decoded.errors.push(null);
    decoded.wireless.push(false);
    for (const stated of readout.values) {
      const { value, modifiers, quantity, unit, storageNumber, tariff, subunit } = stated;
      const address = { quantity, unit, function: stated.function, storageNumber, tariff, subunit };
      const series = occurrence({ ...address, modifiers: modifiers.join(" ") });
      decoded.values.push({ position: 0, series, value });
    }
    return decoded;
  }
  for (const [position, frame] of readout.frames.entries()) {
    const telegram = tryDecode(frame);
    decoded.wireless.push(typeof telegram !== "string" && telegram.link === "wireless");
    if (typeof telegram === "string") {
      decoded.errors.push(telegram);
      continue;
    }
    decoded.errors.push(telegram.fault === null ? null : describe(telegram.fault)); // what stands before it is sound
    decoded.meter ??= identify(telegram, telegram.deviceType) ?? headerless(gateway, readout);
    for (const record of telegram.records) take(record, position, occurrence, decoded);
  }
  return decoded;
}

function take(record: DataRecord, position: number, occurrence: Occurrence, decoded: DecodedReadout) {
  if (record.value === null || record.error !== null || record.kind === "none" || record.kind === "bytes") return;
  const { quantity, unit, storageNumber, tariff, subunit } = record;
  const address = { quantity, unit, function: record.function, storageNumber, tariff, subunit };
  const series = occurrence({ ...address, modifiers: record.modifiers.join(" ") });
  if (record.kind === "number") decoded.values.push({ position, series, value: record.value });
  else {
    const key = series.occurrence === 0 ? record.key : `${record.key}#${series.occurrence}`;
    decoded.attributes.push({ position, key, kind: record.kind, value: record.value });
  }
}

function tryDecode(frame: Uint8Array): Telegram | string {
  try {
    return decodeTelegram(frame);
  } catch (error) {
    if (error instanceof TelegramError) return describe(error);
    throw error;
  }
}

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

type Occurrence = (address: Omit<SeriesAddress, "occurrence">) => SeriesAddress;

/** An SDM630 sends six voltages under the same address: the n-th of a readout is always the same phase. */
function occurrenceCounter(): Occurrence {
  const seen = new Map<string, number>();
  return (address) => {
    const key = Object.values(address).join("\n");
    const occurrence = seen.get(key) ?? 0;
    seen.set(key, occurrence + 1);
    return { ...address, occurrence };
  };
}
