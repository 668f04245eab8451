import { assertEquals } from "@std/assert";
import type { Reply } from "./station.ts";
import { onTheWire } from "./wire.ts";

/** 11 bits a character: one takes 10 ms. */
const BAUD_RATE = 1100;

function reply(hex: string, bits: number, ms = 0): Reply {
  return { bytes: Uint8Array.fromHex(hex), thinks: { bits, ms } };
}

const pieces = (replies: Reply[], baudRate?: number) =>
  onTheWire(replies, baudRate).map(({ afterMs, bytes }) => [Math.round(afterMs), bytes.toHex()]);

Deno.test("onTheWire() begins an answer when its meter has thought", () => {
  assertEquals(pieces([reply("681112", 22)], BAUD_RATE), [[20, "681112"]]);
  assertEquals(pieces([reply("e5", 22, 500)], BAUD_RATE), [[520, "e5"]]);
});

Deno.test("onTheWire() lays answers over each other that begin together: their bits are anded", () => {
  assertEquals(pieces([reply("e5", 11), reply("e5", 11)], BAUD_RATE), [[10, "e5"]]);
  assertEquals(pieces([reply("f00f33", 11), reply("ff0c", 11)], BAUD_RATE), [[10, "f00c33"]]);
});

Deno.test("onTheWire() lets a meter that thinks longer speak into the other's answer", () => {
  assertEquals(pieces([reply("ffff0fff", 11), reply("f3f3f3", 33)], BAUD_RATE), [[10, "ffff03f3f3"]]);
  assertEquals(pieces([reply("f3", 22), reply("ffffff", 11)], BAUD_RATE), [[10, "fff3ff"]]);
});

Deno.test("onTheWire() keeps answers apart that do not meet", () => {
  assertEquals(pieces([reply("e5", 55), reply("e5", 11)], BAUD_RATE), [[10, "e5"], [50, "e5"]]);
});

Deno.test("onTheWire() overlays all on a line that takes no time, but what comes late by milliseconds", () => {
  assertEquals(pieces([reply("ff0f", 11), reply("f0ff", 300)]), [[0, "f00f"]]);
  assertEquals(pieces([reply("ff0f", 11), reply("e5", 11, 700)]), [[0, "ff0f"], [700, "e5"]]);
});

Deno.test("onTheWire() of nobody is silence", () => {
  assertEquals(onTheWire([], BAUD_RATE), []);
});
