import { assertEquals } from "@std/assert";
import { amb8465 } from "../../../../gateway/radio/receivers/amb8465.ts";
import { cutEverywhere, framesOf } from "../pieces.ts";

const FRAME = "10442D2C785634121B16780413E8030000";

/** FF 03, the length of frame and strength, the frame from its C field, strength, exclusive or. */
function indication(strength: number): Uint8Array {
  const bytes = [0xff, 0x03, 0x11, ...Uint8Array.fromHex(FRAME).subarray(1), strength];
  return Uint8Array.from([...bytes, bytes.reduce((sum, byte) => sum ^ byte, 0)]);
}

Deno.test("amb8465 reads a telegram cut at every byte, with its strength in dBm", () => {
  for (const messages of cutEverywhere(amb8465.reader, indication(0x10))) {
    assertEquals(messages, [{ type: "telegram", frame: Uint8Array.fromHex(FRAME), rssi: -66 }]);
  }
  assertEquals(amb8465.reader().push(indication(0xe0)), [
    { type: "telegram", frame: Uint8Array.fromHex(FRAME), rssi: -90 },
  ]);
});

Deno.test("amb8465 finds the telegram behind noise and behind a message that broke off", () => {
  for (const noise of ["00", "ff", "ffff", "ff03", "ff0311442d2c", "ff8401"]) {
    const reader = amb8465.reader();
    const bytes = Uint8Array.from([...Uint8Array.fromHex(noise), ...indication(0x10)]);
    assertEquals(framesOf([...reader.push(bytes), ...reader.settle()]), [FRAME], noise);
  }
});

Deno.test("amb8465 takes no telegram of which one bit is changed, and the next one all the same", () => {
  const sent = indication(0x10);
  for (let at = 0; at < sent.length; at++) {
    const changed = sent.slice();
    changed[at] = (changed[at] as number) ^ 0x04;
    const reader = amb8465.reader();
    assertEquals(framesOf([...reader.push(changed), ...reader.push(sent), ...reader.settle()]), [FRAME], `byte ${at}`);
  }
});

Deno.test("amb8465 commands end with the exclusive or of their bytes, as AMBER's manual has them", () => {
  const command = amb8465.reset?.().next();
  assertEquals(command?.done === false && command.value.bytes.toHex(), "ff0500fa");
});
