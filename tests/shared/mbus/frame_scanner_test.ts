import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { encodeFrame, FrameScanner, fromHex, parseFrame, type ScannedFrame, toHex } from "@mbus-gateway/mbus";
import { frameOf, HEADER } from "./telegram_fixture.ts";

const GOOD = toHex(frameOf(0x72, HEADER + "0C1343650400"));
const REQUEST = "105B056016";

/** What a scanner finds in a stream that comes in these pieces, one line each. */
function scan(...pieces: string[]): string[] {
  const scanner = new FrameScanner();
  const found = [...pieces.flatMap((hex) => scanner.push(fromHex(hex))), ...scanner.end()];
  return found.map((item) =>
    item.type === "frame"
      ? `${item.offset} ${item.frame.type}`
      : `${item.offset} skipped ${item.length}: ${item.error.code} at ${item.error.offset}`
  );
}

Deno.test("FrameScanner finds frames between noise, and reports what it skipped", () => {
  const length = GOOD.length / 2;
  assertEquals(scan("FF00" + GOOD + "AA68" + REQUEST + GOOD), [
    "0 skipped 2: start at 0",
    "2 long",
    `${2 + length} skipped 2: start at ${2 + length}`,
    `${4 + length} short`,
    `${9 + length} long`,
  ]);
});

Deno.test("FrameScanner finds the good frame that begins within a damaged one", () => {
  const cut = GOOD.slice(0, 30);
  assertEquals(scan(cut + GOOD), ["0 skipped 15: checksum at 25", "15 long"]);
  const damaged = GOOD.replace("4365", "4366");
  assertEquals(scan(damaged + GOOD), ["0 skipped 27: checksum at 25", "27 long"]);
  assertEquals(scan("68FFFF68" + GOOD), ["0 skipped 4: truncated at 31", "4 long"]);
});

Deno.test("FrameScanner takes E5 for an acknowledgement only where it is in step", () => {
  assertEquals(scan("E5" + GOOD + "E5E5"), ["0 ack", "1 long", "28 ack", "29 ack"]);
  assertEquals(scan("00E5" + GOOD), ["0 skipped 2: start at 0", "2 long"]);
});

Deno.test("FrameScanner says at the end of the stream what has begun and is no frame", () => {
  assertEquals(scan(GOOD.slice(0, -2)), ["0 skipped 26: truncated at 26"]);
  assertEquals(scan(""), []);
  const scanner = new FrameScanner();
  scanner.push(fromHex("6803"));
  scanner.end();
  assertEquals(scanner.push(fromHex("E5"))[0]?.offset, 0);
});

const byte = fc.integer({ min: 0, max: 255 });
const frame = fc.array(byte, { minLength: 1, maxLength: 60 }).map((data) =>
  encodeFrame({ type: "long", control: 8, address: 5, ci: 0x72, data: Uint8Array.from(data) })
);
const noise = fc.array(fc.oneof(byte, fc.constantFrom(0x68, 0x10, 0x16, 0xe5, 0xff)), { maxLength: 20 });
const stream = fc.array(fc.oneof(frame.map((bytes) => [...bytes]), noise), { maxLength: 12 }).map((parts) =>
  parts.flat()
);

Deno.test("FrameScanner answers the same for bytes that come one at a time", () => {
  fc.assert(fc.property(stream, (bytes) => {
    const hex = toHex(Uint8Array.from(bytes));
    assertEquals(scan(...(hex.match(/../g) ?? [])), scan(hex));
  }));
});

Deno.test("FrameScanner loses no byte, and every frame is one that parseFrame() reads", () => {
  fc.assert(fc.property(stream, (bytes) => {
    const scanner = new FrameScanner();
    const whole = Uint8Array.from(bytes);
    let at = 0;
    for (const item of [...scanner.push(whole), ...scanner.end()]) {
      assertEquals(item.offset, at);
      if (item.type === "frame") {
        assertEquals(parseFrame(item.bytes), { frame: item.frame, length: item.bytes.length });
        assertEquals(item.bytes, whole.slice(at, at + item.bytes.length));
      }
      at += item.type === "frame" ? item.bytes.length : item.length;
    }
    assertEquals(at, bytes.length);
    assertEquals(scanner.judged <= bytes.length, true, "every byte is the beginning of a candidate once at most");
  }));
});

Deno.test("FrameScanner finds every frame between noise that begins like none", () => {
  const harmless = fc.array(fc.constantFrom(0x00, 0x16, 0xff, 0x55), { maxLength: 8 });
  fc.assert(fc.property(fc.array(fc.tuple(harmless, frame), { maxLength: 6 }), (parts) => {
    const scanner = new FrameScanner();
    const items = scanner.push(Uint8Array.from(parts.flatMap(([noise, bytes]) => [...noise, ...bytes])));
    const frames = items.filter((item): item is ScannedFrame => item.type === "frame");
    assertEquals(frames.map(({ bytes }) => bytes), parts.map(([, bytes]) => bytes));
  }));
});
