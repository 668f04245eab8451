import { assertEquals, assertThrows } from "@std/assert";
import { DECODER_VERSION, decodeTelegram, encodeFrame, fromHex, TelegramError, toHex } from "@mbus-gateway/mbus";
import { encryptCbc } from "../../../shared/mbus/crypto/aes.ts";
import { frameOf, HEADER, telegramOf } from "./telegram_fixture.ts";

const MODE_5_NOISE = "3FA1B2C3D4E5F60718293A4B5C6D7E8F";

function refused(frame: Uint8Array, code: string, part: string): void {
  const error = assertThrows(() => decodeTelegram(frame), TelegramError, part);
  assertEquals(error.code, code);
  assertEquals(error.message.startsWith("Cannot "), true);
  assertEquals(error.offset >= 0 && error.offset <= frame.length, true);
}

Deno.test("decodeTelegram() reads a long header", () => {
  const telegram = telegramOf("0C1343650400");
  const { records: _, ...header } = telegram.toJSON();
  assertEquals(header, {
    link: "wired",
    ci: "72",
    address: 5,
    identification: "12345678",
    manufacturer: "KAM",
    version: 1,
    deviceTypeCode: 4,
    deviceType: "heat",
    accessNumber: 0x55,
    status: 0,
    encryption: null,
    moreRecordsFollow: false,
    manufacturerData: null,
    profile: null,
    values: {},
  });
  assertEquals(DECODER_VERSION, 3);
});

Deno.test("decodeTelegram() keeps hex digits and leading zeros of an identification", () => {
  const telegram = decodeTelegram(frameOf(0x72, "3E0200052D2C010455000000"));
  assertEquals(telegram.identification, "0500023E");
});

Deno.test("decodeTelegram() reads a short header and none", () => {
  const short = decodeTelegram(frameOf(0x7a, "55100000 01 13 05"));
  assertEquals([short.accessNumber, short.status, short.identification], [0x55, 0x10, null]);
  assertEquals(short.records[0]?.value, "0.005");
  const none = decodeTelegram(frameOf(0x78, "01 13 05"));
  assertEquals([none.accessNumber, none.deviceType, none.records[0]?.value], [null, null, "0.005"]);
});

Deno.test("decodeTelegram() reads CI 76 with the most significant byte first", () => {
  const telegram = decodeTelegram(frameOf(0x76, "123456782C2D010455000000 04 13 00000101 02 6C 315F 0D FD11 02 4142"));
  assertEquals([telegram.identification, telegram.manufacturer], ["12345678", "KAM"]);
  assertEquals(telegram.records.map(({ value }) => value), ["0.257", "2026-01-31", "AB"]);
  assertEquals(telegram.records[0]?.data, "00000101", "bytes stay in wire order");
});

Deno.test("decodeTelegram() keeps manufacturer data in wire order and says whether more follows", () => {
  const more = telegramOf("01 13 05 2F2F 1F 0A0B0C");
  assertEquals([more.manufacturerData, more.moreRecordsFollow, more.records.length], ["0A0B0C", true, 1]);
  const last = telegramOf("0F");
  assertEquals([last.manufacturerData, last.moreRecordsFollow], ["", false]);
});

Deno.test("decodeTelegram() skips fillers anywhere", () => {
  assertEquals(telegramOf("2F2F 01 13 05 2F 01 13 06 2F2F").records.map(({ value }) => value), ["0.005", "0.006"]);
});

Deno.test("decodeTelegram() keeps what stands before a cut, and says where it is", () => {
  for (const rest of ["04 13 0000", "84", "04", "04 93", "0D FD11 04 41", "04 7C 05 41"]) {
    const { records, fault } = telegramOf("01 13 05" + rest);
    assertEquals([records.length, records[0]?.value, records[1]?.value], [2, "0.005", null]);
    assertEquals([fault?.code, fault?.offset, records[1]?.kind], ["truncated", 22, "bytes"]);
    assertEquals(records[1]?.data, rest.replaceAll(" ", ""), "no byte is lost");
  }
});

Deno.test("decodeTelegram() keeps the rest behind a DIF that nobody knows", () => {
  for (const dif of ["3F", "6F", "7F", "8F"]) {
    const { records, fault } = telegramOf(`01 13 05 ${dif} 0102`);
    assertEquals([records.length, records[1]?.data, fault?.code], [2, `${dif}0102`, "undecoded"]);
  }
  const { records, fault } = telegramOf("01 13 05 0D 13 CA 0102");
  assertEquals([records[1]?.error, fault?.code], [
    "Cannot read record: the standard reserves the length byte CA",
    "undecoded",
  ]);
});

Deno.test("decodeTelegram() refuses by name what carries no readings", () => {
  refused(fromHex("E5"), "unsupported", "an acknowledgement");
  refused(fromHex("105B056016"), "unsupported", "a short frame");
  refused(encodeFrame({ type: "control", control: 8, address: 1, ci: 0x72 }), "truncated", "Cannot read header");
  refused(frameOf(0xa1, "00"), "unsupported", "a maker's own payload");
  refused(frameOf(0xfe, "00"), "unsupported", "reserved");
  refused(encodeFrame({ type: "control", control: 0x53, address: 1, ci: 0x72 }), "unsupported", "goes from the master");
  refused(frameOf(0x70, "08"), "application_error", "too busy for a readout");
  refused(frameOf(0x70, ""), "application_error", "without a code");
  refused(frameOf(0x70, "55"), "application_error", "error 55");
  refused(frameOf(0x6e, "55000000 10"), "application_error", "the meter reports an error of the application (CI 6E");
  refused(frameOf(0x6f, HEADER + "08"), "application_error", "meter KAM 12345678 reports an application too busy");
  refused(fromHex("681515680805727856341224400107550000000C1343"), "truncated", "bytes are missing");
  refused(fromHex("E5E5"), "length", "a byte follows its end");
});

Deno.test("decodeTelegram() names alarms, and the meter where its header does", () => {
  refused(frameOf(0x71, "05"), "alarm", "the meter reports the alarm status 05 (CI 71, offset 7)");
  refused(frameOf(0x71, ""), "alarm", "an alarm without a status");
  refused(frameOf(0x74, "55000000 0102"), "alarm", "the meter reports the alarm status 0102 (CI 74, offset 11)");
  refused(frameOf(0x75, HEADER + "80"), "alarm", "meter KAM 12345678 reports the alarm status 80 (CI 75, offset 19)");
  refused(frameOf(0x74, "5500"), "truncated", "Cannot read header: 4 bytes are needed, 2 are there");
});

Deno.test("decodeTelegram() does not believe a configuration word that proves nothing", () => {
  const junk = decodeTelegram(frameOf(0x72, "785634122D2C01045500FFFF 01 13 05"));
  assertEquals([junk.records[0]?.value, junk.encryption], ["0.005", null]);
  const mode5 = "785634122D2C010455001005" + MODE_5_NOISE;
  refused(frameOf(0x72, mode5), "key_missing", "meter KAM 12345678 encrypts its data (mode 5)");
});

Deno.test("decodeTelegram() decrypts security mode 5 on a wire, and tells keys apart", () => {
  const key = fromHex("000102030405060708090A0B0C0D0E0F");
  const vector = fromHex("2D2C 78563412 01 04" + "55".repeat(8));
  const cipherText = encryptCbc(key, vector, fromHex("2F2F 0C1343650400 2F2F2F2F2F2F2F2F"));
  const header = "785634122D2C010455001005";
  const frame = frameOf(0x72, header + toHex(cipherText) + "01 13 05");
  const telegram = decodeTelegram(frame, { keys: ({ identification }) => identification === "12345678" ? key : null });
  assertEquals(telegram.records.map(({ value }) => value), ["46.543", "0.005"]);
  assertEquals([telegram.encryption, telegram.identification, telegram.fault], ["mode_5", "12345678", null]);
  const wrong = () => decodeTelegram(frameOf(0x72, header + MODE_5_NOISE), { keys: () => key });
  assertEquals(assertThrows(wrong, TelegramError, "does not fit meter KAM 12345678").code, "key_wrong");
  const mode7 = () => decodeTelegram(frameOf(0x72, header.slice(0, -2) + "07" + MODE_5_NOISE), { keys: () => key });
  assertEquals(assertThrows(mode7, TelegramError, "security mode 7").code, "unsupported");
});

Deno.test("decodeTelegram() can be told that a meter's integers are never negative", () => {
  const frame = frameOf(0x78, "02 13 FFFF");
  assertEquals(decodeTelegram(frame).records[0]?.value, "-0.001");
  assertEquals(decodeTelegram(frame, { unsigned: true }).records[0]?.value, "65.535");
});

Deno.test("decodeTelegram() takes no encrypted telegram for a clear one, whatever can be read of it by chance", () => {
  const key = fromHex("000102030405060708090A0B0C0D0E0F");
  const records = new Uint8Array(48).fill(0x2f);
  records.set(fromHex("2F2F 0C0627048500 0C1376341200 0B3B000000 426C5F31 0A5A6006 0A5E5004"));
  for (let accessNumber = 0; accessNumber < 256; accessNumber++) {
    const vector = new Uint8Array(16).fill(accessNumber);
    vector.set(fromHex("2D2C 78563412 0104"));
    const access = toHex(Uint8Array.of(accessNumber));
    const cipherText = toHex(encryptCbc(key, vector, records));
    refused(frameOf(0x72, `785634122D2C0104${access}003005${cipherText}`), "key_missing", "encrypts its data (mode 5)");
  }
});

Deno.test("decodeTelegram() reads clear data behind a configuration word that names a mode and blocks by accident", () => {
  for (const word of ["1005", "1007", "1016", "1008"]) {
    const telegram = decodeTelegram(frameOf(0x72, `785634122D2C01045500${word} 0C1343650400 0C0627048500 01FD1700`));
    assertEquals(telegram.records.map(({ value }) => value), ["46.543", "850427000", "0"], word);
  }
});
