import { assertEquals } from "@std/assert";
import { PacketLimit } from "../../../server/embedded/packet_limit.ts";

const packet = (length: number) => {
  const header = [0x30];
  for (let rest = length;;) {
    const byte = rest % 128;
    rest = Math.floor(rest / 128);
    header.push(rest > 0 ? byte | 0x80 : byte);
    if (rest === 0) break;
  }
  return Uint8Array.from([...header, ...new Uint8Array(length).fill(0xff)]);
};

Deno.test("PacketLimit accepts packets up to its bound, however the bytes are cut", () => {
  const bytes = Uint8Array.from([0, 1, 127, 128, 300, 1000, 0].flatMap((length) => [...packet(length)]));
  for (const step of [1, 2, 3, 7, 128, bytes.length]) {
    const limit = new PacketLimit(1000);
    for (let at = 0; at < bytes.length; at += step) assertEquals(limit.accepts(bytes.subarray(at, at + step)), true);
  }
});

Deno.test("PacketLimit knows by the header that a packet is too long", () => {
  assertEquals(new PacketLimit(1000).accepts(packet(1001).subarray(0, 3)), false);
  assertEquals(
    new PacketLimit(1000).accepts(Uint8Array.of(0x30, 0x80, 0x80, 0x80, 0x00)),
    true,
    "a length of zero, written at length",
  );
  assertEquals(new PacketLimit(1000).accepts(Uint8Array.of(0x30, 0x80, 0x80, 0x80, 0x80, 0x00)), false, "five bytes");
});
