import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { PackError } from "../../../server/telegram_packs/pack_bytes.ts";
import { decodePack, encodePack, type PackedTelegram } from "../../../server/telegram_packs/pack_format.ts";

const natural = fc.maxSafeNat();
const text = fc.string({ unit: "binary", maxLength: 40 }).filter((text) => text.isWellFormed());

const telegram: fc.Arbitrary<PackedTelegram> = fc.record({
  seq: natural,
  readAt: fc.integer({ min: -(2 ** 52), max: 2 ** 52 }),
  position: fc.integer({ min: 0, max: 63 }),
  telegramId: natural,
  kind: fc.constantFrom("frame", "values"),
  bytes: fc.uint8Array({ maxLength: 300 }),
  bus: text,
  address: text,
  clockTrusted: fc.boolean(),
  correctedReadAt: fc.option(natural),
  receivedAt: natural,
  meterId: fc.option(natural),
  decoderVersion: fc.integer({ min: 0, max: 32767 }),
  decodeError: fc.option(text),
  radio: fc.boolean(),
  rssi: fc.option(fc.integer({ min: -150, max: 0 })),
  flags: fc.option(fc.array(text, { maxLength: 8 }).map((flags) => JSON.stringify(flags))),
});

Deno.test("decodePack() gives back exactly what encodePack() was given", () => {
  fc.assert(fc.property(fc.array(telegram, { maxLength: 30 }), (telegrams) => {
    assertEquals(decodePack(encodePack(telegrams)), telegrams);
  }));
});

Deno.test("decodePack() of a damaged body is an error", () => {
  const telegrams = fc.sample(telegram, { numRuns: 3, seed: 1 });
  const body = encodePack(telegrams);
  for (const at of body.keys()) {
    assertThrows(() => decodePack(body.subarray(0, at)), PackError);
    assertThrows(() => decodePack(body.map((byte, index) => index === at ? byte ^ 1 : byte)), PackError);
  }
  assertThrows(() => decodePack(Uint8Array.of(2, ...body.subarray(1))), PackError, "its version is 2");
});

Deno.test("encodePack() refuses a number that would lose digits", () => {
  const [one] = fc.sample(telegram, { numRuns: 1, seed: 1 }) as [PackedTelegram];
  assertThrows(() => encodePack([{ ...one, telegramId: 2 ** 53 }]), RangeError, "9007199254740992 is no safe integer");
});

Deno.test("encodePack() takes a tenth of what like telegrams take", () => {
  const [one] = fc.sample(telegram, { numRuns: 1, seed: 1 }) as [PackedTelegram];
  const bytes = new Uint8Array(75).map((_, index) => index * 37);
  const telegrams = Array.from({ length: 1000 }, (_, index): PackedTelegram => ({
    ...{ ...one, bytes: Uint8Array.from([...bytes, index & 0xff]), seq: index, telegramId: 5000 + index },
  }));
  const size = encodePack(telegrams).length;
  assertEquals(size < 7500, true, `${size} bytes`);
});
