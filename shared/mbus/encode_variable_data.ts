import { concatBytes, encodeRecord, type RecordToEncode } from "./encode_record.ts";
import { fromHex } from "./hex.ts";
import { identificationBytes } from "./identification.ts";
import { manufacturerCode } from "./manufacturer.ts";
import { TelegramError } from "./telegram_error.ts";

/** What a meter says in one telegram with a long header. */
export interface TelegramToEncode {
  /** One to eight digits. */
  identification: string;
  /** Three letters. */
  manufacturer: string;
  /** 0 to 255. */
  version: number;
  /** 0 to 255: 2 electricity, 4 heat, 6 warm water, 7 water, 8 heat cost allocator, … */
  deviceTypeCode: number;
  /** Counts answers, 0 to 255; by default 0. */
  accessNumber?: number;
  /** The status byte, by default 0. */
  status?: number;
  /** The configuration word, by default 0: not encrypted. */
  configuration?: number;
  /** In wire order. */
  records: readonly RecordToEncode[];
  /** Manufacturer data behind 0F (or 1F), as bytes or hex. */
  manufacturerData?: string | Uint8Array;
  /** Ends with 1F instead of 0F: another telegram of the same readout follows. */
  moreRecordsFollow?: boolean;
}

/**
 * The application data that follows CI 72: the long header (12 bytes) and the records. Put it into a long frame to get
 * what a meter answers.
 *
 * @throws {TelegramError} `encode` when a value does not fit its field.
 *
 * @example
 * ```ts
 * import { encodeFrame, encodeVariableData } from "@mbus-gateway/mbus";
 * const data = encodeVariableData({
 *   identification: "12345678",
 *   manufacturer: "KAM",
 *   version: 1,
 *   deviceTypeCode: 4,
 *   accessNumber: 17,
 *   records: [{ field: "int32", vib: "06", value: 42 }], // 42 kWh
 * });
 * encodeFrame({ type: "long", control: 0x08, address: 5, ci: 0x72, data });
 * ```
 */
export function encodeVariableData(telegram: TelegramToEncode): Uint8Array<ArrayBuffer> {
  const manufacturer = manufacturerCode(telegram.manufacturer);
  const configuration = telegram.configuration ?? 0;
  const header = [
    ...identificationBytes(telegram.identification),
    manufacturer & 0xff,
    manufacturer >> 8,
    expectByte("version", telegram.version),
    expectByte("deviceTypeCode", telegram.deviceTypeCode),
    expectByte("accessNumber", telegram.accessNumber ?? 0),
    expectByte("status", telegram.status ?? 0),
    expectByte("configuration", configuration & 0xff),
    expectByte("configuration", configuration >> 8),
  ];
  return concatBytes([new Uint8Array(header), ...telegram.records.map(encodeRecord), encodeTail(telegram)]);
}

function encodeTail({ manufacturerData, moreRecordsFollow }: TelegramToEncode): Uint8Array {
  if (manufacturerData === undefined && !moreRecordsFollow) return new Uint8Array(0);
  const data = typeof manufacturerData === "string" ? fromHex(manufacturerData) : manufacturerData ?? new Uint8Array(0);
  return concatBytes([new Uint8Array([moreRecordsFollow ? 0x1f : 0x0f]), data]);
}

function expectByte(name: string, value: number): number {
  if (Number.isInteger(value) && value >= 0 && value <= 0xff) return value;
  throw new TelegramError("encode", `Cannot encode telegram: ${name} is ${value}, allowed are 0 to 255`, 0);
}
