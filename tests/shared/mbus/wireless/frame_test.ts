import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { encodeFrame, fromHex, TelegramError } from "@mbus-gateway/mbus";
import { isWirelessFrame, parseWirelessFrame } from "../../../../shared/mbus/wireless/mod.ts";
import { encodeFrameFormat } from "../../../../shared/mbus/wireless/encode_frame_format.ts";
import type { FrameFormat } from "../../../../shared/mbus/wireless/mod.ts";

const LINK = fromHex("44 2D2C 78563412 1B 16 78");

function bodyOf(payload: number): Uint8Array {
  return Uint8Array.from([...LINK, ...Array.from({ length: payload }, (_, i) => i & 0xff)]);
}

function refused(bytes: Uint8Array): string {
  const error = assertThrows(() => parseWirelessFrame(bytes), TelegramError);
  return `${error.code} ${error.offset}`;
}

Deno.test("parseWirelessFrame() finds the same frame with the CRCs of either format and without", () => {
  for (const payload of [0, 1, 5, 6, 15, 16, 100, 113, 114, 116, 117, 118, 200]) {
    const body = bodyOf(payload);
    for (const format of ["A", "B", "none"] as FrameFormat[]) {
      const frame = parseWirelessFrame(encodeFrameFormat(format, body));
      assertEquals(frame.format, format, `${payload} bytes`);
      assertEquals(frame.payload, body.subarray(LINK.length), `${payload} bytes in ${format}`);
      assertEquals([frame.control, frame.ci], [0x44, 0x78]);
      assertEquals(frame.manufacturer + frame.identification, "KAM12345678");
      assertEquals([frame.version, frame.deviceTypeCode], [0x1b, 0x16]);
    }
  }
});

Deno.test("encodeFrameFormat() puts the CRC of the first block behind ten bytes, most significant byte first", () => {
  const frame = encodeFrameFormat("A", bodyOf(1));
  assertEquals(frame.length, 1 + LINK.length + 1 + 4);
  assertEquals(frame[0], LINK.length + 1);
  assertEquals(encodeFrameFormat("B", bodyOf(1))[0], LINK.length + 1 + 2);
});

Deno.test("parseWirelessFrame() names the block whose CRC is wrong", () => {
  const frame = encodeFrameFormat("A", bodyOf(40));
  for (const [flipped, offset] of [[3, 10], [12, 28], [40, 46], [frame.length - 1, frame.length - 2]] as const) {
    const damaged = frame.slice();
    damaged[flipped] = (damaged[flipped] ?? 0) ^ 1;
    assertEquals(refused(damaged), `crc ${offset}`);
  }
  const long = encodeFrameFormat("B", bodyOf(150));
  for (const [flipped, offset] of [[20, 126], [140, long.length - 2]] as const) {
    const damaged = long.slice();
    damaged[flipped] = (damaged[flipped] ?? 0) ^ 1;
    assertEquals(refused(damaged), `crc ${offset}`);
  }
});

Deno.test("parseWirelessFrame() refuses frames that are too short, cut off or too long", () => {
  assertEquals(refused(new Uint8Array(0)), "truncated 0");
  assertEquals(refused(fromHex("08442D2C785634121B")), "length 0");
  const frame = encodeFrameFormat("none", bodyOf(20));
  assertEquals(refused(frame.subarray(0, 15)), "truncated 15");
  assertEquals(refused(Uint8Array.from([...frame, 0])), "length 0");
});

Deno.test("isWirelessFrame() tells wireless frames from wired ones, even where both begin with 68", () => {
  for (const payload of [1, 0x68 - LINK.length, 150]) {
    for (const format of ["A", "B", "none"] as FrameFormat[]) {
      assertEquals(isWirelessFrame(encodeFrameFormat(format, bodyOf(payload))), true, `${payload} bytes in ${format}`);
    }
  }
  const wired = fc.uint8Array({ minLength: 1, maxLength: 252 }).chain((data) =>
    fc.constantFrom(0x08, 0x18, 0x28, 0x38, 0x44, 0x46, 0x53, 0x73).map((control) =>
      encodeFrame({ type: "long", control, address: 1, ci: 0x72, data })
    )
  );
  fc.assert(fc.property(wired, (frame) => assertEquals(isWirelessFrame(frame), false)), { numRuns: 500 });
  for (const frame of ["E5", "1008010916", "104001411600", "68040468", "6844", "", "00440000"]) {
    assertEquals(isWirelessFrame(fromHex(frame)), false, frame);
  }
});
