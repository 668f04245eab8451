import { assertEquals, assertThrows } from "@std/assert";
import { fromHex, TelegramError, toHex } from "@mbus-gateway/mbus";
import {
  decodeWirelessFragments,
  decodeWirelessTelegram,
  encodeWirelessTelegram,
} from "../../../../shared/mbus/wireless/mod.ts";
import { KEY, telegramWith, VALUES } from "./meters.ts";

const LINK = 10;
const LAYER = 17;

/** A message with an authentication code, cut into pieces: control and counter in the first, the code in the last. */
function fragments(count: number): Uint8Array[] {
  const whole = encodeWirelessTelegram(telegramWith({ security: { mode: 7, key: KEY, messageCounter: 0x01020304 } }));
  const message = whole.subarray(LINK + LAYER);
  const [counter, mac] = [toHex(whole, LINK + 5, LINK + 9), toHex(whole, LINK + 9, LINK + 17)];
  const size = Math.ceil(message.length / count);
  return Array.from({ length: count }, (_, i) => {
    const last = i === count - 1;
    const fields = (i === 0 ? `25${counter}` : "") + (last ? mac : "");
    const control = (last ? 0x0400 : 0x4000) | (i === 0 ? 0x2800 : 0) | i + 1;
    const head = `90${hex(2 + fields.length / 2)}${hex(control & 0xff)}${hex(control >> 8)}${fields}`;
    const body = toHex(whole, 1, LINK) + head + toHex(message, i * size, Math.min((i + 1) * size, message.length));
    return fromHex(hex(body.length / 2) + body);
  });
}

function hex(byte: number): string {
  return toHex(Uint8Array.of(byte));
}

Deno.test("decodeWirelessFragments() joins the fragments of a message in any order, and checks its code", () => {
  for (const count of [1, 2, 3, 5]) {
    const parts = fragments(count);
    for (const frames of [parts, parts.toReversed()]) {
      const telegram = decodeWirelessFragments(frames, { keys: () => KEY });
      assertEquals(telegram.records.map(({ value }) => value), VALUES);
      assertEquals([telegram.identification, telegram.encryption], ["12345678", "mode_7"]);
    }
  }
});

Deno.test("decodeWirelessFragments() says which fragment is missing, and what is none", () => {
  const [first, second, third] = fragments(3) as [Uint8Array, Uint8Array, Uint8Array];
  const whole = encodeWirelessTelegram(telegramWith());
  const cases: [Uint8Array[], string, string][] = [
    [[first, third], "truncated", "fragment 2 of meter PAD 12345678 is missing"],
    [[second, third], "truncated", "fragment 1 of meter PAD 12345678 is missing"],
    [[first, second], "truncated", "fragment 3 of meter PAD 12345678 is missing"],
    [[whole], "length", "no fragment"],
    [[], "truncated", ""],
  ];
  for (const [frames, code, words] of cases) {
    const error = assertThrows(() => decodeWirelessFragments(frames, { keys: () => KEY }), TelegramError);
    assertEquals([error.code, error.message.includes(words)], [code, true], error.message);
  }
});

Deno.test("decodeWirelessTelegram() names a fragment that stands alone", () => {
  for (const part of fragments(2)) {
    const error = assertThrows(() => decodeWirelessTelegram(part), TelegramError);
    assertEquals([error.code, error.message.includes("of a message of meter PAD 12345678")], ["unsupported", true]);
  }
});
