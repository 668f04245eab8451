import { assertEquals, assertThrows } from "@std/assert";
import { fromHex, JsonText, TelegramError, toHex } from "@mbus-gateway/mbus";
import {
  decodeWirelessTelegram,
  encodeWirelessTelegram,
  type FrameFormat,
  type KeyLookup,
  type MeterAddress,
  type WirelessTelegramToEncode,
} from "../../../../shared/mbus/wireless/mod.ts";
import { KEY, METER, RECORDS, telegramWith, VALUES, WRONG_KEY } from "./meters.ts";

const keys: KeyLookup = ({ manufacturer, identification }) =>
  manufacturer === METER.manufacturer && identification === METER.identification ? KEY : null;

const ADAPTER: MeterAddress = { manufacturer: "ADA", identification: "00000099", version: 1, deviceTypeCode: 0x37 };

const SECURED: [name: string, encryption: string | null, more: Partial<WirelessTelegramToEncode>][] = [
  ["nothing", null, {}],
  ["mode 5", "mode_5", { security: { mode: 5, key: KEY } }],
  ["mode 7", "mode_7", { security: { mode: 7, key: KEY, messageCounter: 0xfffffffe } }],
  ["ELL II", "ell_aes_ctr", { extendedLinkLayer: { session: 0x1234567, key: KEY, control: 0x20, accessNumber: 9 } }],
  ["ELL IV", "ell_aes_ctr", { extendedLinkLayer: { session: 0x1abcdef1, key: KEY, receiver: ADAPTER } }],
];

function decoded(telegram: WirelessTelegramToEncode, lookUp: KeyLookup = keys) {
  return decodeWirelessTelegram(encodeWirelessTelegram(telegram), { keys: lookUp });
}

function refused(bytes: Uint8Array, lookUp?: KeyLookup): TelegramError {
  return assertThrows(() => decodeWirelessTelegram(bytes, { keys: lookUp }), TelegramError);
}

Deno.test("decodeWirelessTelegram() reads what encodeWirelessTelegram() wrote, in every format, header and cipher", () => {
  for (const [name, encryption, more] of SECURED) {
    for (const format of ["A", "B", "none"] as FrameFormat[]) {
      for (const header of ["none", "short", "long"] as const) {
        if (more.security !== undefined && header === "none") continue;
        const telegram = decoded(telegramWith({ ...more, format, header }));
        const label = `${name} ${format} ${header}`;
        assertEquals(telegram.records.map(({ value }) => value), VALUES, label);
        assertEquals(
          [telegram.link, telegram.encryption, telegram.frameFormat],
          ["wireless", encryption, format],
          label,
        );
        assertEquals([telegram.identification, telegram.manufacturer], ["12345678", "PAD"], label);
        assertEquals([telegram.version, telegram.deviceTypeCode, telegram.deviceType], [0x2a, 7, "water"], label);
        if (header !== "none") assertEquals([telegram.accessNumber, telegram.status], [0x11, 0x04], label);
        assertEquals(telegram.fault, null);
      }
    }
  }
});

Deno.test("decodeWirelessTelegram() takes the meter's own address from a long header, and its key with it", () => {
  for (const [name, , more] of SECURED.slice(0, 3)) {
    const asked: MeterAddress[] = [];
    const bytes = encodeWirelessTelegram(telegramWith({ ...more, header: "long", adapter: ADAPTER }));
    const telegram = decodeWirelessTelegram(bytes, { keys: (meter) => (asked.push(meter), KEY) });
    assertEquals(telegram.identification, METER.identification, name);
    assertEquals(telegram.records.map(({ value }) => value), VALUES, name);
    assertEquals(asked, more.security === undefined ? [] : [METER], name);
  }
});

Deno.test("decodeWirelessTelegram() tells a missing, a wrong and an unusable key from an unknown mode, and names the meter", () => {
  for (const [name, , more] of SECURED.slice(1)) {
    const bytes = encodeWirelessTelegram(telegramWith(more));
    const short: KeyLookup = () => KEY.subarray(1);
    for (const [code, lookUp] of [["key_missing"], ["key_wrong", () => WRONG_KEY], ["key_wrong", short]] as const) {
      const error = refused(bytes, lookUp);
      assertEquals(error.code, code, name);
      assertEquals(error.message.includes("meter PAD 12345678"), true, error.message);
    }
  }
  const bytes = encodeWirelessTelegram(telegramWith({ security: { mode: 5, key: KEY } }));
  for (const mode of [1, 2, 3, 4, 8, 9, 10, 13, 31]) {
    const unknown = bytes.slice();
    unknown[14] = mode;
    const error = refused(unknown, keys);
    assertEquals(error.code, "unsupported");
    assertEquals(error.message.includes(`meter PAD 12345678 uses security mode ${mode}`), true, error.message);
  }
  const ell = encodeWirelessTelegram(telegramWith({ extendedLinkLayer: { session: 1, key: KEY } }));
  ell[16] = 0x40;
  assertEquals(refused(ell, keys).code, "unsupported");
});

Deno.test("decodeWirelessTelegram() reads a payload that is clear although its header announces encryption", () => {
  const data = "2F2F" + "0C1345230100" + "2F2F2F2F2F2F2F2F";
  const mode5 = fromHex("1E44 2440 78563412 2A07 7A 11 00 1005" + data);
  const mode7 = fromHex("2F44 2440 78563412 2A07 90 0F 002C 25 01000000 1122334455667788 7A 11 00 1007 10" + data);
  for (const bytes of [mode5, mode7]) {
    bytes[0] = bytes.length - 1;
    for (const lookUp of [undefined, keys]) {
      const telegram = decodeWirelessTelegram(bytes, { keys: lookUp });
      assertEquals(telegram.records.map(({ value }) => value), ["12.345"]);
      assertEquals(telegram.encryption, null);
    }
  }
  // The extended link layer has a CRC in place of fillers.
  const clear = encodeWirelessTelegram(telegramWith({ header: "none", extendedLinkLayer: { session: 5 } }));
  clear[16] = (clear[16] ?? 0) | 0x20;
  assertEquals(decodeWirelessTelegram(clear).records.length, RECORDS.length);
});

Deno.test("decodeWirelessTelegram() decrypts a payload whose cipher text happens to begin with 2F2F", () => {
  // With this key and access number, 7105 is encrypted to bytes that look clear.
  const records = [{ field: "int32", vib: "13", value: 7105 }] as const;
  const bytes = encodeWirelessTelegram({ ...METER, records, security: { mode: 5, key: KEY } });
  assertEquals(toHex(bytes, 15, 17), "2F2F");
  const telegram = decodeWirelessTelegram(bytes, { keys });
  assertEquals([telegram.encryption, telegram.records[0]?.value], ["mode_5", "7.105"]);
});

Deno.test("decodeWirelessTelegram() reads clear records behind encrypted blocks", () => {
  for (const security of [{ mode: 5, key: KEY }, { mode: 7, key: KEY, messageCounter: 3 }] as const) {
    const telegram = decoded(telegramWith({ security, clearRecords: [{ field: "int8", vib: "FD74", value: 100 }] }));
    assertEquals(telegram.records.map(({ value }) => value), [...VALUES, telegram.records.at(-1)?.value]);
    assertEquals(telegram.records.length, VALUES.length + 1);
  }
});

Deno.test("decodeWirelessTelegram() lets a repeater change its bits of the communication control field", () => {
  const bytes = encodeWirelessTelegram(telegramWith({ extendedLinkLayer: { session: 7, key: KEY, control: 0x20 } }));
  bytes[11] = 0x32;
  assertEquals(decodeWirelessTelegram(bytes, { keys }).records.length, RECORDS.length);
});

Deno.test("decodeWirelessTelegram() refuses a message whose authentication code does not fit", () => {
  const bytes = encodeWirelessTelegram(telegramWith({ security: { mode: 7, key: KEY, messageCounter: 1 } }));
  const forged = bytes.slice();
  forged[forged.length - 1] = (forged.at(-1) ?? 0) ^ 1;
  const error = refused(forged, keys);
  assertEquals(error.code, "key_wrong");
  assertEquals(error.message.includes("authentication code"), true);
});

Deno.test("decodeWirelessTelegram() reads wired application data inside a wireless frame", () => {
  const telegram = decodeWirelessTelegram(
    fromHex("1A442440785634122A0778 8C1004 87654321 046D 3B17 1F3A 0F AABB".replaceAll(" ", "")),
  );
  assertEquals(telegram.records.map(({ key }) => key), [
    "energy:Wh:instantaneous:s0:t1:u0",
    "datetime::instantaneous:s0:t0:u0",
  ]);
  assertEquals(telegram.manufacturerData, "AABB");
});

Deno.test("decodeWirelessTelegram() keeps a maker's own payload as bytes", () => {
  const telegram = decoded({ ...METER, payload: { ci: 0xa5, data: fromHex("010203") } });
  assertEquals([telegram.ci, telegram.manufacturerData, telegram.records.length], ["A5", "010203", 0]);
  assertEquals([telegram.profile, telegram.values], [null, {}]);
});

Deno.test("decodeWirelessTelegram() names what it does not decode", () => {
  const cases: [hex: string, code: string, words: string][] = [
    ["0F402440785634122A0778 0413E80300", "unsupported", "goes to a meter (SND-NKE)"],
    ["0F442440785634122A0770 0413E80300", "application_error", "meter PAD 12345678 reports"],
    ["0F442440785634122A0774 11000000FF", "alarm", "meter PAD 12345678 reports"],
    ["0F442440785634122A0781 0413E80300", "unsupported", "CI 81 of meter PAD 12345678 is"],
    ["09442440785634122A07", "truncated", "a CI field"],
    ["0B442440785634122A077A11", "truncated", "short header needs 4 bytes"],
    ["11442440785634122A0790 02 0140 7811", "unsupported", "fragment 1 of a message of meter PAD 12345678"],
    ["0E442440785634122A0790 07 002C 25 01020304 78", "length", "fragmentation layer"],
  ];
  for (const [hex, code, words] of cases) {
    const bytes = fromHex(hex);
    bytes[0] = bytes.length - 1;
    const error = refused(bytes);
    assertEquals([error.code, error.message.includes(words)], [code, true], `${hex}: ${error.message}`);
  }
});

Deno.test("decodeWirelessTelegram() counts the offset of an error in the bytes that were received", () => {
  const telegram = telegramWith({ security: { mode: 5, key: KEY } });
  const offsets = (["none", "A", "B"] as FrameFormat[]).map((format) =>
    refused(encodeWirelessTelegram({ ...telegram, format })).offset
  );
  assertEquals(offsets, [15, 17, 15]);
});

Deno.test("decodeWirelessTelegram() leaves the bytes that it was handed as they are", () => {
  for (const [, , more] of SECURED) {
    const bytes = encodeWirelessTelegram(telegramWith(more));
    const before = toHex(bytes);
    decodeWirelessTelegram(bytes, { keys });
    assertEquals(toHex(bytes), before);
  }
});

Deno.test("WirelessTelegram.writeJson() adds what JSON.stringify() gives, with profile and values", () => {
  const meter = { manufacturer: "ZRI", identification: "10000009", version: 0x0b, deviceTypeCode: 0x16 };
  const telegram = decoded({ ...meter, records: RECORDS, manufacturerData: fromHex("0300000080E80300010000FF00") });
  const json = new JsonText();
  telegram.writeJson(json);
  const text = new TextDecoder().decode(json.bytes);
  assertEquals(text, JSON.stringify(telegram));
  assertEquals(JSON.parse(text).profile, "zenner_0b");
});
