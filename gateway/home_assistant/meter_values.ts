import {
  type DataRecord,
  decodeTelegram,
  deviceTypeName,
  type KeyLookup,
  type Telegram,
  TelegramError,
} from "@mbus-gateway/mbus";
import type { TakenReadout } from "../spool.ts";

/** One value of a meter under the address that it keeps for ever. */
export interface MeterValue {
  /** The record's key, with "#1", "#2" … for the second and third record of a readout that has the same. */
  key: string;
  record: DataRecord;
}

/** What a meter said in one readout, and who it is. */
export interface MeterValues {
  /** A level of a topic: of the header's identity, or of bus and address where there is no header. */
  id: string;
  bus: string;
  address: string;
  readAt: string;
  identification: string | null;
  manufacturer: string | null;
  version: number | null;
  /** The stable name of the device type; null without a header. */
  deviceType: string | null;
  values: MeterValue[];
}

/**
 * Decodes a readout here, for those who watch in the house; the server decodes for itself.
 *
 * @returns null where nothing can be read: no key is known, or the bytes are no telegram.
 */
export function meterValues({ bus, address, readAt, frames }: TakenReadout, keys: KeyLookup): MeterValues | null {
  const telegrams = frames.flatMap((frame) => decoded(frame, keys) ?? []);
  const [first] = telegrams;
  if (first === undefined) return null;
  const seen = new Map<string, number>();
  const values = telegrams.flatMap(({ records }) => records.map((record) => ({ key: keyOf(record, seen), record })));
  if (values.length === 0) return null;
  const { identification, manufacturer, version, deviceTypeCode } = first;
  const deviceType = deviceTypeCode === null ? null : deviceTypeName(deviceTypeCode);
  return {
    id: idOf(first, bus, address),
    bus,
    address,
    readAt,
    identification,
    manufacturer,
    version,
    deviceType,
    values,
  };
}

function decoded(frame: Uint8Array, keys: KeyLookup): Telegram | null {
  try {
    return decodeTelegram(frame, { keys });
  } catch (thrown) {
    if (thrown instanceof TelegramError) return null;
    throw thrown;
  }
}

/** The n-th record with one key is always the same value of the meter: nothing but its place tells it apart. */
function keyOf({ key }: DataRecord, seen: Map<string, number>): string {
  const count = seen.get(key) ?? 0;
  seen.set(key, count + 1);
  return count === 0 ? key : `${key}#${count}`;
}

function idOf(
  { identification, manufacturer, version, deviceTypeCode }: Telegram,
  bus: string,
  address: string,
): string {
  if (identification === null) return `${bus}_${address}`;
  const byte = (value: number | null) => (value ?? 0).toString(16).padStart(2, "0").toUpperCase();
  return `${manufacturer ?? "unknown"}_${identification}_${byte(version)}_${byte(deviceTypeCode)}`
    .replaceAll(/[^A-Za-z0-9_-]/g, "_");
}

/**
 * The JSON text of a state topic: when it was read, and each value by its key. A number is written with the digits that
 * the meter gave; null where the meter says that there is none.
 */
export function stateText({ readAt, values }: MeterValues): string {
  const texts = values.map(({ key, record }) => `${JSON.stringify(key)}:${valueText(record)}`);
  return `{"readAt":${JSON.stringify(readAt)},"values":{${texts.join(",")}}}`;
}

function valueText(record: DataRecord): string {
  const { value, kind } = record;
  if (value === null) return "null";
  // Its text is a JSON number as it stands: an exact decimal without exponent.
  return kind === "number" ? value : JSON.stringify(value);
}
