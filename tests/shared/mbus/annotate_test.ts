import { assertEquals } from "@std/assert";
import { annotateFrame, decodeTelegram, fromHex, statusText, TelegramError, toHex } from "@mbus-gateway/mbus";
import { frameOf } from "./telegram_fixture.ts";

const HEADER = "785634122D2C010455100000";

function meanings(frame: Uint8Array): string[] {
  let telegram = null;
  try {
    telegram = decodeTelegram(frame);
  } catch (error) {
    if (!(error instanceof TelegramError)) throw error;
  }
  const annotations = annotateFrame(frame, telegram);
  assertEquals(annotations.map(({ hex }) => hex).join(""), toHex(frame), "every byte, once, in order");
  return annotations.map(({ hex, meaning }) => `${hex} ${meaning}`);
}

Deno.test("annotateFrame() explains every byte of a telegram", () => {
  const lines = meanings(frameOf(0x72, HEADER + "2F D2 01 13 0500 0C 13 4A000000 04"));
  assertEquals(
    lines.slice(7),
    [
      "78563412 identification 12345678",
      "2D2C manufacturer KAM",
      "01 version 1",
      "04 device type: heat",
      "55 access number 85",
      "10 status: temporary error",
      "0000 configuration word",
      "2F filler",
      "D201 DIB: maximum value, storage number 3",
      "13 VIB: volume in m3",
      "0500 value 0.005 m3",
      "0C DIB: instantaneous value",
      "13 VIB: volume in m3",
      "4A000000 Cannot state value: its BCD has digits that are no decimal digits",
      "04 Cannot read record: the telegram ends within its value information block (record begins at offset 31)",
      "DD checksum: sum of C field to data",
      "16 stop",
    ],
  );
});

Deno.test("annotateFrame() explains lengths of variable data, maker's blocks and fixed data", () => {
  const variable = meanings(frameOf(0x78, "0D FD11 02 4241 2F 0F 0102"));
  assertEquals(variable.slice(7, -2), [
    "0D DIB: instantaneous value",
    "FD11 VIB: customer",
    "02 length and kind of the data",
    "4241 value AB",
    "2F filler",
    "0F manufacturer data to the end",
    "0102 manufacturer data",
  ]);
  assertEquals(meanings(frameOf(0x73, "78563412 0A 00 E97E 01000000 35010000")).slice(10, -2), [
    "E9 unit: volume in m3, device type",
    "7E unit: volume in m3, device type",
    "01000000 value 0.001 m3",
    "35010000 value 0.135 m3",
  ]);
});

Deno.test("annotateFrame() explains what it can of a frame that is broken", () => {
  assertEquals(meanings(fromHex("E5")), ["E5 acknowledgement"]);
  assertEquals(meanings(fromHex("105B05")).length, 3);
  assertEquals(meanings(fromHex("0102")), ["0102 not part of the frame"]);
  assertEquals(meanings(fromHex("6804046808017000")).at(-1), "00 data, not decoded");
  assertEquals(meanings(fromHex("68")), ["68 start of a long frame"]);
});

Deno.test("statusText() names the bits of a status byte", () => {
  assertEquals(statusText(0), "no error");
  assertEquals(statusText(0x27), "alarm or abnormal condition, power low, maker's bits 001");
});
