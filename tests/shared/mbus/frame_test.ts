import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { encodeFrame, type Frame, fromHex, parseFrame, TelegramError, toHex } from "@mbus-gateway/mbus";

function refused(hex: string, code: string, offset: number): void {
  const error = assertThrows(() => parseFrame(fromHex(hex)), TelegramError);
  assertEquals([error.code, error.offset], [code, offset]);
  assertEquals(error.message.startsWith("Cannot read frame: "), true, error.message);
}

Deno.test("parseFrame() reads an acknowledgement", () => {
  assertEquals(parseFrame(fromHex("E5")), { frame: { type: "ack" }, length: 1 });
});

Deno.test("parseFrame() reads a short frame", () => {
  const frame = { type: "short", control: 0x5b, address: 5 };
  assertEquals(parseFrame(fromHex("105B056016")), { frame, length: 5 } as ReturnType<typeof parseFrame>);
});

Deno.test("parseFrame() reads a control frame", () => {
  const frame = { type: "control", control: 0x53, address: 0xfe, ci: 0x50 };
  assertEquals(parseFrame(fromHex("6803036853FE50A116")), { frame, length: 9 } as ReturnType<typeof parseFrame>);
});

Deno.test("parseFrame() leaves what follows a frame to the caller", () => {
  assertEquals(parseFrame(fromHex("E5E5")), { frame: { type: "ack" }, length: 1 });
  const parsed = parseFrame(fromHex("105B056016E5"));
  assertEquals("length" in parsed && parsed.length, 5);
});

Deno.test("parseFrame() asks for the missing bytes of a long frame", () => {
  const whole = encodeFrame({ type: "long", control: 8, address: 5, ci: 0x72, data: new Uint8Array(20) });
  for (let length = 2; length < whole.length; length++) {
    assertEquals(parseFrame(whole.subarray(0, length)), { needs: whole.length - length });
  }
  assertEquals(parseFrame(new Uint8Array(0)), { needs: 1 });
  assertEquals(parseFrame(fromHex("68")), { needs: 8 });
  assertEquals(parseFrame(fromHex("10")), { needs: 4 });
});

Deno.test("parseFrame() names what is wrong and where, as soon as it is there", () => {
  refused("0D", "start", 0);
  refused("6802", "length", 1);
  refused("680304", "length", 2);
  refused("68030310", "start", 3);
  refused("6803036853FE50A0", "checksum", 7);
  refused("6803036853FE50A117", "stop", 8);
  refused("105B0561", "checksum", 3);
  refused("105B056017", "stop", 4);
});

Deno.test("encodeFrame() refuses what no frame can carry", () => {
  const long = { type: "long", control: 8, address: 5, ci: 0x72 } as const;
  assertThrows(() => encodeFrame({ ...long, data: new Uint8Array(0) }), TelegramError, "1 to 252");
  assertThrows(() => encodeFrame({ ...long, data: new Uint8Array(253) }), TelegramError, "253 bytes");
  assertThrows(() => encodeFrame({ type: "short", control: 256, address: 0 }), TelegramError, "control is 256");
});

const byte = fc.integer({ min: 0, max: 255 });
const anyFrame: fc.Arbitrary<Frame> = fc.oneof(
  fc.constant<Frame>({ type: "ack" }),
  fc.record({ type: fc.constant("short" as const), control: byte, address: byte }),
  fc.record({ type: fc.constant("control" as const), control: byte, address: byte, ci: byte }),
  fc.record({
    type: fc.constant("long" as const),
    control: byte,
    address: byte,
    ci: byte,
    data: fc.uint8Array({ minLength: 1, maxLength: 252 }),
  }),
);

Deno.test("parseFrame() reads what encodeFrame() writes, whatever follows, and wants nothing else before its end", () => {
  fc.assert(
    fc.property(anyFrame, fc.uint8Array({ maxLength: 5 }), (frame, rest) => {
      const bytes = encodeFrame(frame);
      const stream = new Uint8Array([...bytes, ...rest]);
      const parsed = parseFrame(stream);
      assertEquals("frame" in parsed && toHex(encodeFrame(parsed.frame)), toHex(bytes));
      for (let length = 0; length < bytes.length; length++) {
        const early = parseFrame(bytes.subarray(0, length));
        assertEquals("needs" in early && early.needs > 0 && early.needs <= bytes.length - length, true);
      }
    }),
    { numRuns: 100 },
  );
});
