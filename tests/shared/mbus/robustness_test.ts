import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { decodeTelegram, encodeFrame, parseFrame, Telegram, TelegramError, toHex } from "@mbus-gateway/mbus";
import { frameOf } from "./telegram_fixture.ts";

const byte = fc.integer({ min: 0, max: 255 });

/** Bytes that mean something in a record, so that mutants get further than noise does. */
const meaningful = fc.constantFrom(
  0x0f,
  0x1f,
  0x2f,
  0x0d,
  0x84,
  0x7c,
  0xfc,
  0xfb,
  0xfd,
  0xff,
  0x7f,
  0x6d,
  0x6c,
  0x93,
  0xf0,
);
const data = fc.array(fc.oneof(byte, meaningful), { maxLength: 80 }).map((bytes) => Uint8Array.from(bytes));
const layouts = fc.constantFrom(0x70, 0x72, 0x73, 0x76, 0x78, 0x7a);

/** Reads every field of whatever comes out; anything but a telegram or a TelegramError is a failure. */
function exhaust(frame: Uint8Array): void {
  try {
    const telegram = decodeTelegram(frame);
    assertEquals(telegram instanceof Telegram, true);
    const json = JSON.parse(JSON.stringify(telegram));
    let at = 0;
    for (const record of json.records) {
      assertEquals(record.value === null || record.error === null, true, "a value or an error, not both");
      assertEquals(record.offset >= at && record.offset < frame.length, true);
      assertEquals(typeof record.key, "string");
      at = telegram.ci === "73" ? 0 : record.offset;
    }
  } catch (error) {
    if (!(error instanceof TelegramError)) throw error;
    assertEquals(error.offset >= 0 && error.offset <= frame.length, true);
    assertEquals(error.message.startsWith("Cannot "), true);
  }
}

Deno.test("decodeTelegram() ends in a telegram or a TelegramError, whatever a frame carries", () => {
  fc.assert(fc.property(layouts, data, (ci, bytes) => exhaust(frameOf(ci, toHex(bytes)))), { numRuns: 3000 });
});

Deno.test("decodeTelegram() ends in a TelegramError or a telegram, whatever the bytes", () => {
  fc.assert(fc.property(data, exhaust), { numRuns: 1000 });
});

Deno.test("decodeTelegram() loses no byte: header, fillers, records and maker's data are the whole frame", () => {
  fc.assert(
    fc.property(data, (bytes) => {
      const telegram = decodeTelegram(frameOf(0x78, "01FD0A00" + toHex(bytes)));
      let at = 7;
      const frame = frameOf(0x78, "01FD0A00" + toHex(bytes));
      for (const record of telegram.records) {
        for (; at < record.offset; at++) assertEquals(frame[at], 0x2f);
        at = record.end;
      }
      const block = telegram.manufacturerData;
      while (frame[at] === 0x2f && at < frame.length - 2) at++;
      if (block !== null) at += 1 + block.length / 2;
      assertEquals(at, frame.length - 2);
    }),
    { numRuns: 2000 },
  );
});

Deno.test("parseFrame() answers the same for bytes fed one at a time", () => {
  const frames = fc.oneof(
    data,
    data.map((bytes) =>
      encodeFrame({ type: "long", control: 8, address: 1, ci: 0x72, data: Uint8Array.of(1, ...bytes) })
    ),
  );
  fc.assert(
    fc.property(frames, (bytes) => {
      assertEquals(fedOneByOne(bytes), outcome(() => parseFrame(bytes)));
    }),
    { numRuns: 1000 },
  );
});

function fedOneByOne(bytes: Uint8Array): string {
  for (let length = 0; length <= bytes.length; length++) {
    const answer = outcome(() => parseFrame(bytes.subarray(0, length)));
    if (!answer.startsWith("needs") || length === bytes.length) return answer;
  }
  return "never";
}

function outcome(parse: () => ReturnType<typeof parseFrame>): string {
  try {
    const parsed = parse();
    return "needs" in parsed ? `needs ${parsed.needs}` : `${parsed.length} ${toHex(encodeFrame(parsed.frame))}`;
  } catch (error) {
    if (!(error instanceof TelegramError)) throw error;
    return `${error.code} ${error.offset}`;
  }
}
