import { type DataRecord, decodeTelegram, encodeFrame, fromHex, type Telegram } from "@mbus-gateway/mbus";

/** A long header: KAM 12345678, version 1, heat, access number 85. */
export const HEADER = "785634122D2C010455000000";

/** A wired long frame around application data in hex. */
export function frameOf(ci: number, data: string): Uint8Array<ArrayBuffer> {
  const bytes = fromHex(data);
  if (bytes.length === 0) return encodeFrame({ type: "control", control: 0x08, address: 5, ci });
  return encodeFrame({ type: "long", control: 0x08, address: 5, ci, data: bytes });
}

/** A telegram with a long header and these records (and whatever else stands behind the header) in hex. */
export function telegramOf(records: string): Telegram {
  return decodeTelegram(frameOf(0x72, HEADER + records));
}

/** The one record in hex, decoded. */
export function recordOf(hex: string): DataRecord {
  const { records } = telegramOf(hex);
  const [record] = records;
  if (record === undefined || records.length !== 1) throw new Error(`expected one record, got ${records.length}`);
  return record;
}
