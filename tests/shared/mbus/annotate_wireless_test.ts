import { assertEquals } from "@std/assert";
import {
  annotateFrame,
  decodeTelegram,
  encodeWirelessTelegram,
  fromHex,
  toHex,
  WirelessTelegram,
} from "@mbus-gateway/mbus";

const KEY = fromHex("000102030405060708090A0B0C0D0E0F");
const METER = { manufacturer: "KAM", identification: "12345678", version: 1, deviceTypeCode: 4, accessNumber: 7 };
type Telegram = Parameters<typeof encodeWirelessTelegram>[0];

function meanings(more: Partial<Telegram>): string[] {
  const records = [{ field: "int32", vib: "06", value: 42 } as const];
  const frame = encodeWirelessTelegram({ ...METER, header: "short", records, ...more });
  const telegram = decodeTelegram(frame, { keys: () => KEY });
  const annotations = annotateFrame(frame, telegram);
  if (!(telegram instanceof WirelessTelegram)) throw new Error("expected a wireless telegram");
  assertEquals(annotations.map(({ hex }) => hex).join(""), toHex(telegram.clearBytes), "every byte, once, in order");
  return annotations.map(({ hex, meaning }) => `${hex} ${meaning}`);
}

Deno.test("annotateFrame() explains every byte of a wireless telegram", () => {
  assertEquals(meanings({ manufacturerData: fromHex("0102") }), [
    "17 length: 23 bytes follow, CRCs not counted",
    "44 C field: what the frame is for",
    "2D2C manufacturer KAM",
    "78563412 identification 12345678",
    "01 version 1",
    "04 device type: heat",
    "7A CI field: variable data with a short header",
    "07 access number 7",
    "00 status: no error",
    "0000 configuration word: security mode 0",
    "04 DIB: instantaneous value",
    "06 VIB: energy in Wh",
    "2A000000 value 42000 Wh",
    "0F manufacturer data to the end",
    "0102 manufacturer data",
  ]);
});

Deno.test("annotateFrame() explains long headers, extended link and fragmentation layers, decrypted", () => {
  const long = meanings({ header: "long", format: "A" });
  assertEquals(long.slice(6, 11).map((line) => line.slice(0, 30)), [
    "72 CI field: variable data wit",
    "78563412 identification 123456",
    "2D2C manufacturer KAM",
    "01 version 1",
    "04 device type: heat",
  ]);
  const extended = meanings({ extendedLinkLayer: { session: 0x1234567, key: KEY, accessNumber: 9 } });
  assertEquals(extended.some((line) => line.includes("session number")), true);
  assertEquals(extended.at(-1), "2A000000 value 42000 Wh");
  const mode7 = meanings({ security: { mode: 7, key: KEY, messageCounter: 5 } });
  assertEquals(mode7.some((line) => line.includes("security mode 7, decrypted")), true);
  assertEquals(mode7.includes("2A000000 value 42000 Wh"), true);
  const mode5 = meanings({ security: { mode: 5, key: KEY } });
  assertEquals(mode5.some((line) => line.startsWith("2F2F filler")), true);
});

Deno.test("annotateFrame() explains the link layer of a wireless telegram that cannot be decoded", () => {
  const frame = fromHex("0F442D2C785634120104FE0102030405");
  const annotations = annotateFrame(frame, null);
  assertEquals(annotations.map(({ hex }) => hex).join(""), toHex(frame));
  assertEquals(annotations.at(-1)?.meaning, "not decoded");
  const cut = fromHex("0F442D2C7856");
  assertEquals(annotateFrame(cut, null).map(({ hex }) => hex).join(""), toHex(cut));
});
