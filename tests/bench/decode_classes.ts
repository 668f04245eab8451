import {
  type DecodeOptions,
  encodeFrame,
  encodeVariableData,
  encodeWirelessTelegram,
  fromHex,
  type RecordToEncode,
} from "@mbus-gateway/mbus";

/** Telegrams of one kind, every one with values of its own, so that no cache of numbers flatters the figures. */
export interface TelegramClass {
  name: string;
  options: DecodeOptions;
  frames: Uint8Array[];
}

const COUNT = 500;

/** Classes of telegrams as meters send them; the first is what the goals speak of. */
export function wiredClasses(): TelegramClass[] {
  const random = randomSource(20260131);
  const of = (name: string, records: (random: Random) => RecordToEncode[]): TelegramClass => ({
    name,
    options: {},
    frames: Array.from({ length: COUNT }, (_, index) => frameOf(index, records(random))),
  });
  return [
    of("heat, BCD, 12 records", heatMeter),
    of("heat, binary, 12 records", heatMeterInBinary),
    of("electricity, 28 records", electricityMeter),
    of("water, 4 records", waterMeter),
    of("texts, dates, floats, 12 records", oddities),
  ];
}

/** The same water meter by radio. */
export function wirelessClasses(): TelegramClass[] {
  const key = fromHex("000102030405060708090A0B0C0D0E0F");
  const random = randomSource(20260201);
  type Wireless = Parameters<typeof encodeWirelessTelegram>[0];
  const of = (name: string, more: (index: number) => Partial<Wireless>): TelegramClass => ({
    name,
    options: { keys: () => key },
    frames: Array.from({ length: COUNT }, (_, index) =>
      encodeWirelessTelegram({
        identification: String(20_000_000 + index),
        manufacturer: "KAM",
        version: 1,
        deviceTypeCode: 7,
        header: "short",
        accessNumber: index & 0xff,
        records: waterMeter(random),
        ...more(index),
      })),
  });
  return [
    of("wireless, 4 records, clear", () => ({ format: "none" })),
    of("wireless, 4 records, format A", () => ({ format: "A" })),
    of("wireless, 4 records, mode 5", () => ({ format: "none", security: { mode: 5, key } })),
    of("wireless, 4 records, mode 7", (messageCounter) => ({
      format: "none",
      security: { mode: 7, key, messageCounter },
    })),
  ];
}

type Random = (below: number) => number;

function frameOf(index: number, records: RecordToEncode[]): Uint8Array {
  const identification = String(10_000_000 + index);
  const data = encodeVariableData({ identification, manufacturer: "KAM", version: 1, deviceTypeCode: 4, records });
  return encodeFrame({ type: "long", control: 8, address: 5, ci: 0x72, data });
}

function heatMeter(random: Random): RecordToEncode[] {
  return [
    { field: "bcd8", vib: "78", value: random(1e8) },
    { field: "bcd8", vib: "06", value: random(1e7) },
    { field: "bcd8", vib: "14", value: random(1e8) },
    { field: "bcd6", vib: "2B", value: random(1e5) },
    { field: "bcd6", vib: "3B", value: random(1e5) },
    { field: "bcd4", vib: "5A", value: random(1200) },
    { field: "bcd4", vib: "5E", value: random(900) },
    { field: "bcd6", vib: "60", value: random(30_000) },
    { field: "typeF", vib: "6D", value: dateTime(random) },
    { field: "typeG", vib: "6C", value: date(random), storageNumber: 1 },
    { field: "bcd8", vib: "06", value: random(1e7), storageNumber: 1 },
    { field: "bcd6", vib: "2B", value: random(1e5), function: "maximum" },
  ];
}

function heatMeterInBinary(random: Random): RecordToEncode[] {
  return [
    { field: "int32", vib: "06", value: random(1e7) },
    { field: "int32", vib: "FF07", value: random(1e9) },
    { field: "int32", vib: "14", value: random(1e8) },
    { field: "int32", vib: "22", value: random(1e5) },
    { field: "int16", vib: "59", value: random(12_000) },
    { field: "int16", vib: "5D", value: random(9_000) },
    { field: "int16", vib: "61", value: random(9_000) },
    { field: "int32", vib: "2D", value: random(1e5) },
    { field: "int32", vib: "3B", value: random(1e5) },
    { field: "typeG", vib: "6C", value: date(random), storageNumber: 1 },
    { field: "int32", vib: "06", value: random(1e7), storageNumber: 1 },
    { field: "int16", vib: "FD17", value: random(256) },
  ];
}

function electricityMeter(random: Random): RecordToEncode[] {
  const phases = ["01", "02", "03"];
  return [
    ...[0, 1, 2].map((tariff): RecordToEncode => ({ field: "bcd12", vib: "04", value: random(1e9), tariff })),
    ...[0, 1, 2].map((tariff): RecordToEncode => ({ field: "int48", vib: "843C", value: random(1e9), tariff })),
    { field: "int32", vib: "2B", value: random(1e6) - 5e5 },
    ...phases.flatMap((phase): RecordToEncode[] => [
      { field: "int16", vib: `FDC8FC${phase}`, value: 2300 + random(100) },
      { field: "int32", vib: `FDD9FC${phase}`, value: random(60_000) },
      { field: "int32", vib: `ABFC${phase}`, value: random(20_000) - 1e4 },
      { field: "int32", vib: `FB97FC${phase}`, value: random(20_000) - 1e4 },
      { field: "int16", vib: `FBAAFC${phase}`, value: random(1800) },
      { field: "int32", vib: `FBB4FC${phase}`, value: random(20_000) },
    ]),
    { field: "int16", vib: "FB2E", value: 4980 + random(40) },
    { field: "int8", vib: "FD3A", value: random(100) },
    { field: "int32", vib: "FD17", value: random(1e6) },
  ];
}

function waterMeter(random: Random): RecordToEncode[] {
  return [
    { field: "int32", vib: "13", value: random(1e8) },
    { field: "typeG", vib: "6C", value: date(random), storageNumber: 1 },
    { field: "int32", vib: "13", value: random(1e8), storageNumber: 1 },
    { field: "int16", vib: "3B", value: random(5_000) },
  ];
}

function oddities(random: Random): RecordToEncode[] {
  return [
    { field: "text", vib: "FD11", value: `customer ${random(1e6)}` },
    { field: "text", vib: "FD0C", value: "T330-B" },
    { field: "float32", vib: "FB00", value: Math.fround(random(1e6) / 8) },
    { field: "float32", vib: "3E", value: Math.fround(random(1e6) / 64) },
    { field: "float32", vib: "5B", value: Math.fround(random(100_000) / 1024) },
    { field: "int64", vib: "03", value: BigInt(random(2 ** 31)) * 4_000_000n },
    { field: "typeF", vib: "6D", value: dateTime(random) },
    { field: "typeI", vib: "6D", value: `${dateTime(random)}:${pair(random(60))}`, storageNumber: 1 },
    { field: "typeG", vib: "6C", value: date(random), storageNumber: 2 },
    { field: "lvar_bcd", vib: "13", value: random(1e9) },
    { field: "int32", vib: "20", value: random(1e6) },
    { field: "int16", vib: "75", value: random(1e4) },
  ];
}

function date(random: Random): string {
  return `20${pair(10 + random(30))}-${pair(1 + random(12))}-${pair(1 + random(28))}`;
}

function dateTime(random: Random): string {
  return `${date(random)}T${pair(random(24))}:${pair(random(60))}`;
}

function pair(value: number): string {
  return String(value).padStart(2, "0");
}

/** A linear congruential generator: the same telegrams in every run. */
function randomSource(seed: number): Random {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor(state / 2 ** 32 * below);
  };
}
