import { AES_BLOCK, encryptCbc } from "./crypto/aes.ts";
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
  /** The configuration word, by default what `key` makes of it: 0 where nothing is encrypted. */
  configuration?: number;
  /** Encrypts records and manufacturer data with security mode 5 (EN 13757-7): an AES-128 key of 16 bytes. */
  key?: Uint8Array;
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
  const address = [
    expectByte("version", telegram.version),
    expectByte("deviceTypeCode", telegram.deviceTypeCode),
  ];
  const identification = identificationBytes(telegram.identification);
  const maker = [manufacturer & 0xff, manufacturer >> 8];
  const accessNumber = expectByte("accessNumber", telegram.accessNumber ?? 0);
  const clear = concatBytes([...telegram.records.map(encodeRecord), encodeTail(telegram)]);
  const payload = telegram.key === undefined
    ? clear
    : encryptMode5(telegram.key, Uint8Array.of(...maker, ...identification, ...address), accessNumber, clear);
  const announced = telegram.key === undefined ? 0 : MODE_5 << 8 | payload.length / AES_BLOCK << 4;
  const configuration = telegram.configuration ?? announced;
  const header = [
    ...identification,
    ...maker,
    ...address,
    accessNumber,
    expectByte("status", telegram.status ?? 0),
    expectByte("configuration", configuration & 0xff),
    expectByte("configuration", configuration >> 8),
  ];
  return concatBytes([new Uint8Array(header), payload]);
}

const MODE_5 = 5;
const FILLER = 0x2f;
const MOST_BLOCKS = 15;

/** EN 13757-7: two fillers prove the key; the vector is the meter's address and eight times the access number. */
function encryptMode5(key: Uint8Array, address: Uint8Array, accessNumber: number, clear: Uint8Array) {
  const blocks = Math.ceil((clear.length + 2) / AES_BLOCK);
  if (blocks > MOST_BLOCKS) {
    throw new TelegramError(
      "encode",
      `Cannot encrypt telegram: it has ${blocks} blocks, allowed are ${MOST_BLOCKS}`,
      0,
    );
  }
  const padded = new Uint8Array(blocks * AES_BLOCK).fill(FILLER);
  padded.set(clear, 2);
  const vector = new Uint8Array(AES_BLOCK).fill(accessNumber);
  vector.set(address);
  return encryptCbc(key, vector, padded);
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
