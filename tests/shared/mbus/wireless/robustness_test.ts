import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { type RecordToEncode, TelegramError } from "@mbus-gateway/mbus";
import {
  decodeWirelessFragments,
  decodeWirelessTelegram,
  encodeWirelessTelegram,
  type FrameFormat,
  isWirelessFrame,
  WirelessTelegram,
  type WirelessTelegramToEncode,
} from "../../../../shared/mbus/wireless/mod.ts";
import { encodeFrameFormat } from "../../../../shared/mbus/wireless/encode_frame_format.ts";
import { PROFILES } from "../../../../shared/mbus/profiles/all_profiles.ts";
import { fromHex } from "@mbus-gateway/mbus";
import { crc16 } from "../../../../shared/mbus/crypto/crc16.ts";
import { KEY, METER, telegramWith } from "./meters.ts";

const byte = fc.integer({ min: 0, max: 255 });
const options = { keys: () => KEY };

/** Reads every field of whatever comes out; anything but a telegram or a TelegramError is a failure. */
function exhaust(bytes: Uint8Array, decode: (bytes: Uint8Array) => WirelessTelegram = decodeOne): void {
  try {
    const telegram = decode(bytes);
    assertEquals(telegram instanceof WirelessTelegram, true);
    assertEquals(JSON.parse(JSON.stringify(telegram)).link, "wireless");
    const learnt = telegram.learntFormat;
    if (learnt !== null) assertEquals(learnt.signature, crc16(learnt.format));
    for (const { place } of telegram.records) {
      assertEquals(place.offset <= place.vib && place.vib <= place.field && place.field <= place.data, true);
      assertEquals(place.data <= place.end && place.end <= telegram.clearBytes.length, true);
    }
  } catch (error) {
    if (!(error instanceof TelegramError)) throw error;
    assertEquals(error.message.startsWith("Cannot "), true, error.message);
    assertEquals(error.offset >= 0 && error.offset <= bytes.length, true, `${error.offset} of ${bytes.length}`);
  }
}

function decodeOne(bytes: Uint8Array): WirelessTelegram {
  return decodeWirelessTelegram(bytes, options);
}

const SEEDS: WirelessTelegramToEncode[] = [
  telegramWith(),
  telegramWith({ header: "long", security: { mode: 5, key: KEY } }),
  telegramWith({ security: { mode: 7, key: KEY, messageCounter: 9 } }),
  telegramWith({ header: "none", extendedLinkLayer: { session: 77, key: KEY } }),
  telegramWith({ extendedLinkLayer: { receiver: METER } }),
  telegramWith({ compact: true, manufacturerData: new Uint8Array(9) }),
  telegramWith({ manufacturerData: new Uint8Array(40) }),
];
const SEED_BYTES = [
  ...SEEDS.map(encodeWirelessTelegram),
  ...PROFILES.flatMap(({ samples }) => samples.map(({ telegram }) => fromHex(telegram))),
  lengthSet("00442440785634122A0778 82046C4131 8404130A000000 8D04931F06 71FE01020304 8D04EE1306 3BFE01000002"),
  lengthSet("00442440785634122A0790 02 0140 7811"),
];

function lengthSet(hex: string): Uint8Array {
  const bytes = fromHex(hex);
  bytes[0] = bytes.length - 1;
  return bytes;
}

/** Some bytes of a telegram changed, taken out or put in; the L field and the CRCs fit again. */
const mutants = fc.tuple(
  fc.constantFrom(...SEED_BYTES),
  fc.array(fc.tuple(fc.nat({ max: 120 }), byte, fc.constantFrom("set", "insert", "remove")), {
    minLength: 1,
    maxLength: 6,
  }),
  fc.constantFrom<FrameFormat>("A", "B", "none"),
).map(([seed, edits, format]) => {
  const body = [...seed.subarray(1)];
  for (const [at, value, edit] of edits) {
    if (at >= body.length) continue;
    body.splice(at, edit === "insert" ? 0 : 1, ...(edit === "remove" ? [] : [value]));
  }
  return encodeFrameFormat(
    format,
    Uint8Array.from(body.length < 10 ? [...body, ...new Uint8Array(10)] : body.slice(0, 250)),
  );
});

Deno.test("decodeWirelessTelegram() ends in a telegram or a TelegramError for every mutated telegram", () => {
  fc.assert(fc.property(mutants, (bytes) => exhaust(bytes)), { numRuns: 6000 });
});

Deno.test("decodeWirelessTelegram() ends in a telegram or a TelegramError for every damaged telegram", () => {
  const damaged = fc.tuple(fc.constantFrom(...SEED_BYTES), fc.nat({ max: 120 }), byte, fc.nat({ max: 120 }));
  fc.assert(
    fc.property(damaged, ([seed, at, value, length]) => {
      const bytes = seed.slice();
      if (at < bytes.length) bytes[at] = value;
      exhaust(bytes);
      exhaust(bytes.subarray(0, length));
      exhaust(bytes, (frame) => decodeWirelessFragments([frame, frame], options));
    }),
    { numRuns: 2000 },
  );
});

Deno.test("decodeWirelessTelegram() ends in a telegram or a TelegramError for noise", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 260 }), (bytes) => {
      assertEquals(typeof isWirelessFrame(bytes), "boolean");
      exhaust(bytes);
    }),
    { numRuns: 2000 },
  );
});

const record: fc.Arbitrary<RecordToEncode> = fc.record({
  field: fc.constantFrom("int32", "bcd8", "int48"),
  vib: fc.constantFrom("13", "06", "FD48", "933B", "FF07"),
  value: fc.integer({ min: 0, max: 99_999_999 }),
  storageNumber: fc.nat({ max: 1000 }),
  tariff: fc.nat({ max: 15 }),
  subunit: fc.nat({ max: 3 }),
});

Deno.test("any wireless telegram is decoded to what was encoded, whatever layers and ciphers it has", () => {
  const telegrams = fc.record({
    records: fc.array(record, { minLength: 1, maxLength: 7 }),
    format: fc.constantFrom<FrameFormat>("A", "B", "none"),
    header: fc.constantFrom<"short" | "long">("short", "long"),
    accessNumber: byte,
    status: byte,
    secure: fc.constantFrom("none", "mode 5", "mode 7", "ell"),
    counter: fc.nat({ max: 2 ** 29 - 1 }),
    compact: fc.boolean(),
  });
  fc.assert(
    fc.property(telegrams, ({ secure, counter, compact, ...rest }) => {
      const security = secure === "mode 5"
        ? { mode: 5 as const, key: KEY }
        : secure === "mode 7"
        ? { mode: 7 as const, key: KEY, messageCounter: counter }
        : undefined;
      const extendedLinkLayer = secure === "ell" ? { session: counter, key: KEY } : undefined;
      const telegram = telegramWith({ ...rest, security, extendedLinkLayer });
      const full = decodeOne(encodeWirelessTelegram(telegram));
      const plain = decodeOne(encodeWirelessTelegram(telegramWith(rest)));
      const values = plain.records.map(({ key, value }) => `${key} ${value}`);
      assertEquals(values.length, rest.records.length);
      assertEquals(full.records.map(({ key, value }) => `${key} ${value}`), values);
      assertEquals([full.accessNumber, full.status, full.fault], [rest.accessNumber, rest.status, null]);
      if (!compact) return;
      const formats = () => full.learntFormat?.format;
      const short = decodeWirelessTelegram(encodeWirelessTelegram({ ...telegram, compact }), { ...options, formats });
      assertEquals(short.records.map(({ key, value }) => `${key} ${value}`), values);
    }),
    { numRuns: 800, seed: 13757 },
  );
});
