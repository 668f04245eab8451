import { assertEquals, assertThrows } from "@std/assert";
import { fromHex, TelegramError, toHex } from "@mbus-gateway/mbus";
import { crc16 } from "../../../../shared/mbus/crypto/crc16.ts";
import {
  decodeWirelessTelegram,
  encodeWirelessTelegram,
  PRESET_FORMATS,
} from "../../../../shared/mbus/wireless/mod.ts";
import { KEY, RECORDS, telegramWith, VALUES } from "./meters.ts";

const TEXTS = [
  ...RECORDS,
  { field: "text", vib: "FD0C", value: "V1.2" },
  { field: "bcd4", vib: "7C03254852", value: 55 }, // a plain-text unit
  { field: "lvar_int", vib: "13", subunit: 3, tariff: 2, value: -70000 },
] as const;

function formatsOf(bytes: Uint8Array) {
  const learnt = decodeWirelessTelegram(bytes, { keys: () => KEY }).learntFormat;
  return (signature: number) => signature === learnt?.signature ? learnt.format : null;
}

Deno.test("a compact frame is read with the format that a full frame told, whatever its header and cipher", () => {
  for (const header of ["none", "short", "long"] as const) {
    for (const security of [undefined, { mode: 5, key: KEY }, { mode: 7, key: KEY, messageCounter: 77 }] as const) {
      if (header === "none" && security !== undefined) continue;
      for (const more of [{}, { records: TEXTS }, { manufacturerData: fromHex("010203") }]) {
        const telegram = telegramWith({ header, security, ...more });
        const full = encodeWirelessTelegram(telegram);
        const compact = encodeWirelessTelegram({ ...telegram, compact: true });
        const decoded = decodeWirelessTelegram(compact, { keys: () => KEY, formats: formatsOf(full) });
        const expected = decodeWirelessTelegram(full, { keys: () => KEY });
        assertEquals(decoded.ci, { none: "79", short: "7B", long: "73" }[header]);
        assertEquals(
          decoded.records.map(({ key, value }) => [key, value]),
          expected.records.map(({ key, value }) => [key, value]),
        );
        assertEquals(decoded.manufacturerData?.slice(0, 6), expected.manufacturerData?.slice(0, 6));
        assertEquals([decoded.identification, decoded.fault], ["12345678", null]);
      }
    }
  }
});

Deno.test("a compact frame of an unknown format is refused by its name, one with other bytes by its CRC", () => {
  const full = encodeWirelessTelegram(telegramWith({ header: "none" }));
  const compact = encodeWirelessTelegram(telegramWith({ header: "none", compact: true }));
  const signature = formatName(full);
  const unknown = assertThrows(() => decodeWirelessTelegram(compact), TelegramError);
  assertEquals(unknown.code, "unsupported");
  assertEquals(unknown.message.includes(`meter PAD 12345678 sends a compact frame of format ${signature}`), true);
  compact[compact.length - 1] = (compact.at(-1) ?? 0) ^ 1;
  const damaged = assertThrows(() => decodeWirelessTelegram(compact, { formats: formatsOf(full) }), TelegramError);
  assertEquals(damaged.code, "crc");
});

function formatName(full: Uint8Array): string {
  const { signature = 0 } = decodeWirelessTelegram(full).learntFormat ?? {};
  return signature.toString(16).toUpperCase().padStart(4, "0");
}

Deno.test("decodeWirelessTelegram() knows the formats of widely used meters", () => {
  const meter = { manufacturer: "KAM", identification: "10000001", version: 0x1b, deviceTypeCode: 0x16 };
  const telegram = decodeWirelessTelegram(encodeWirelessTelegram({
    ...meter,
    header: "none",
    compact: true,
    records: [
      { field: "int16", vib: "FF20", value: 0 },
      { field: "int32", vib: "13", value: 4321 },
      { field: "int32", vib: "13", storageNumber: 1, value: 4000 },
    ],
  }));
  assertEquals(telegram.records.map(({ value }) => value), ["0", "4.321", "4"]);
  const known = [0xdd34, 0xa8ed, 0xd2f7, 0xc412, 0x61eb, 0x7c0e, 0x0905, 0x8c13, 0x8400, 0x052d];
  assertEquals(known.filter((signature) => !PRESET_FORMATS.has(signature)), []);
});

Deno.test("decodeWirelessTelegram() learns from a format frame, whether its length counts the signature or not", () => {
  const format = fromHex("0C13441304FD17");
  const signature = crc16(format);
  const body = toHex(Uint8Array.of(signature & 0xff, signature >> 8)) + toHex(format);
  for (const length of [format.length, format.length + 2]) {
    const bytes = fromHex("00442440785634122A0769" + toHex(Uint8Array.of(length)) + body);
    bytes[0] = bytes.length - 1;
    const { learntFormat, records } = decodeWirelessTelegram(bytes);
    assertEquals([learntFormat?.signature, learntFormat?.format, records], [signature, format, []]);
  }
});

Deno.test("a telegram that is broken off tells no format", () => {
  const bytes = fromHex("00442440785634122A07780C1345");
  bytes[0] = bytes.length - 1;
  const telegram = decodeWirelessTelegram(bytes);
  assertEquals([telegram.fault?.code, telegram.learntFormat], ["truncated", null]);
  assertEquals(VALUES.length, RECORDS.length);
});
