import { assertEquals } from "@std/assert";
import { rfc2217Channel } from "./rfc2217_channel.ts";

/** A line that gives these pieces and then ends, and keeps what was sent. */
function scripted(...pieces: string[]) {
  const sent: string[] = [];
  return {
    sent,
    read: () => Promise.resolve(pieces.length === 0 ? null : Uint8Array.fromHex(pieces.shift() ?? "")),
    write(bytes: Uint8Array) {
      sent.push(Uint8Array.from(bytes).toHex());
      return Promise.resolve();
    },
  };
}

Deno.test("rfc2217Channel() answers what a master sets, and gives on what goes to the meters", async () => {
  const line = scripted("fffb2c", "fffa2c0100000960fff0", "10fffa2c", "0303fff04001ffff16");
  const channel = rfc2217Channel(line);
  const heard: string[] = [];
  for (let bytes = await channel.read(); bytes !== null; bytes = await channel.read()) heard.push(bytes.toHex());
  assertEquals(heard.join(""), "104001ff16");
  assertEquals(line.sent, ["fffd2c", "fffa2c6500000960fff0", "fffa2c6703fff0"]);
  assertEquals([channel.baudRate?.(), channel.parity()], [2400, 3]);
});

Deno.test("rfc2217Channel() doubles a byte 255 on its way to the master", async () => {
  const line = scripted();
  await rfc2217Channel(line).write(Uint8Array.of(0x68, 0xff, 0x16));
  assertEquals(line.sent, ["68ffff16"]);
});
