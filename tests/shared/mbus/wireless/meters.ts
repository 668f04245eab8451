import { fromHex, type RecordToEncode } from "@mbus-gateway/mbus";
import type { WirelessTelegramToEncode } from "../../../../shared/mbus/wireless/mod.ts";

/** A key that no meter has. */
export const KEY = fromHex("000102030405060708090A0B0C0D0E0F");

/** Another one. */
export const WRONG_KEY = fromHex("FF0102030405060708090A0B0C0D0E0F");

/** A meter that does not exist. */
export const METER = { manufacturer: "PAD", identification: "12345678", version: 0x2a, deviceTypeCode: 0x07 };

/** 12.345 m3 now, 10 m3 at the end of a month, -1.5 °C. */
export const RECORDS: readonly RecordToEncode[] = [
  { field: "bcd8", vib: "13", value: 12345 },
  { field: "int32", vib: "13", storageNumber: 1, value: 10000 },
  { field: "typeG", vib: "6C", storageNumber: 1, value: "2026-01-31" },
  { field: "int16", vib: "65", value: -150 },
];

/** What they are decoded to. */
export const VALUES = ["12.345", "10", "2026-01-31", "-1.5"];

/** The meter's telegram. */
export function telegramWith(more: Partial<WirelessTelegramToEncode> = {}): WirelessTelegramToEncode {
  return { ...METER, accessNumber: 0x11, status: 0x04, records: RECORDS, ...more };
}
