import { encodeFrame, encodeWirelessTelegram, fromHex, type RecordToEncode } from "@mbus-gateway/mbus";
import { PROFILES } from "../../shared/mbus/profiles/all_profiles.ts";
import { wiredClasses } from "../bench/decode_classes.ts";
import type { Random } from "./random.ts";

const FOLDER = `${import.meta.dirname}/../telegrams`;

/** The key under which the encrypted ones among the good telegrams can be read. */
export const KEY = fromHex("000102030405060708090A0B0C0D0E0F");

/** Good telegrams of every kind: what mutants are made of. */
export function goodTelegrams(): Uint8Array[] {
  const captures = [...Deno.readDirSync(FOLDER)].filter(({ name }) => name.endsWith(".hex"));
  return [
    ...captures.map(({ name }) => fromHex(Deno.readTextFileSync(`${FOLDER}/${name}`))),
    ...wiredClasses().flatMap(({ frames }) => frames.slice(0, 4)),
    ...wirelessTelegrams(),
    ...PROFILES.flatMap(({ samples }) => samples.map(({ telegram }) => fromHex(telegram))),
  ];
}

function wirelessTelegrams(): Uint8Array[] {
  const meter = { manufacturer: "KAM", identification: "12345678", version: 1, deviceTypeCode: 7, accessNumber: 7 };
  const records: RecordToEncode[] = [
    { field: "int32", vib: "13", value: 123_456 },
    { field: "typeG", vib: "6C", value: "2026-01-31", storageNumber: 1 },
    { field: "bcd8", vib: "13", value: 1234, storageNumber: 1 },
    { field: "text", vib: "FD0C", value: "V1.2" },
  ];
  const kinds = [
    {},
    { security: { mode: 5, key: KEY } },
    { security: { mode: 7, key: KEY, messageCounter: 17 } },
    { extendedLinkLayer: { session: 0x1234567, key: KEY, accessNumber: 9 } },
    { manufacturerData: fromHex("0102030405") },
  ] as const;
  return kinds.flatMap((kind) =>
    (["A", "B", "none"] as const).flatMap((format) =>
      (["short", "long"] as const).map((header) =>
        encodeWirelessTelegram({ ...meter, records, format, header, ...kind })
      )
    )
  );
}

/** Bytes that mean something where they stand, so that mutants get further than noise does. */
const MEANINGFUL = fromHex(
  "000F1F2F3F7F0D848D7C7DFCFBFDFF7F6D6CEF93131E1FF0F5F6F8BFC0C9D9E0EFE9FE80408C8D8E8F9072787A79737BA0",
);

/** A telegram that is random, or one that was good before. */
export function fuzzedTelegram(random: Random, good: readonly Uint8Array[]): Uint8Array {
  switch (random.below(10)) {
    case 0:
      return random.bytes(random.below(120));
    case 1:
      return wiredAround(random, recordNoise(random));
    case 2:
      return wirelessAround(random, recordNoise(random));
    default:
      return mutant(random, good);
  }
}

function mutant(random: Random, good: readonly Uint8Array[]): Uint8Array {
  let bytes: number[] = [...random.of(good)];
  const isWired = bytes[0] === 0x68;
  for (let count = 1 + random.below(4); count > 0; count--) bytes = mutated(random, bytes, good);
  // Most mutants are given a sound link layer again: otherwise none would get past it.
  if (random.below(4) === 0) return Uint8Array.from(bytes);
  return isWired ? wiredAround(random, bytes.slice(7, -2), bytes[6]) : withLength(bytes);
}

function mutated(random: Random, bytes: number[], good: readonly Uint8Array[]): number[] {
  const at = random.below(bytes.length + 1);
  const value = random.below(2) === 0 ? random.below(256) : random.of([...MEANINGFUL]);
  switch (random.below(7)) {
    case 0:
      return bytes.map((byte, place) => place === at ? value : byte);
    case 1:
      return bytes.map((byte, place) => place === at ? byte ^ 1 << random.below(8) : byte);
    case 2:
      return bytes.toSpliced(at, 1 + random.below(3));
    case 3:
      return bytes.toSpliced(at, 0, value);
    case 4:
      return bytes.slice(0, at);
    case 5:
      return bytes.toSpliced(at, 0, ...bytes.slice(at, at + random.below(12)));
    default: {
      const other = random.of(good);
      return [...bytes.slice(0, at), ...other.subarray(random.below(other.length))].slice(0, 300);
    }
  }
}

function recordNoise(random: Random): number[] {
  return Array.from(
    { length: random.below(100) },
    () => random.below(3) === 0 ? random.of([...MEANINGFUL]) : random.below(256),
  );
}

function wiredAround(random: Random, data: number[], ci = random.of([0x70, 0x71, 0x72, 0x73, 0x76, 0x78, 0x7a])) {
  if (data.length === 0) return encodeFrame({ type: "control", control: 8, address: 1, ci });
  return encodeFrame({ type: "long", control: 8, address: 1, ci, data: Uint8Array.from(data.slice(0, 252)) });
}

const WIRELESS_CIS = [0x72, 0x73, 0x78, 0x79, 0x7a, 0x7b, 0x8c, 0x8d, 0x8e, 0x8f, 0x90, 0x69, 0x6a, 0xa0, 0xa2];

function wirelessAround(random: Random, data: number[]): Uint8Array {
  return withLength([0, 0x44, ...random.bytes(8), random.of(WIRELESS_CIS), ...data]);
}

function withLength(bytes: number[]): Uint8Array {
  const frame = Uint8Array.from(bytes.slice(0, 256));
  if (frame.length > 0) frame[0] = frame.length - 1;
  return frame;
}
