import { assertEquals, assertThrows } from "@std/assert";
import { decodeTelegram, TelegramError } from "@mbus-gateway/mbus";
import { frameOf } from "./telegram_fixture.ts";

function fixed(status: string, units: string, counters: string) {
  return decodeTelegram(frameOf(0x73, `78563412 0A ${status} ${units} ${counters}`));
}

Deno.test("decodeTelegram() reads the fixed structure: device type across both unit bytes, counters in BCD", () => {
  const telegram = fixed("00", "E97E", "01000000 35010000");
  assertEquals([telegram.identification, telegram.accessNumber, telegram.deviceType], ["12345678", 10, "water"]);
  assertEquals([telegram.manufacturer, telegram.version], [null, null]);
  const [now, stored] = telegram.records;
  assertEquals([now?.value, now?.key], ["0.001", "volume:m3:instantaneous:s0:t0:u0"]);
  assertEquals([stored?.value, stored?.key], ["0.135", "volume:m3:instantaneous:s1:t0:u0"]);
});

Deno.test("decodeTelegram() reads binary and stored counters of the fixed structure", () => {
  const { records, deviceType } = fixed("03", "054C", "FFFFFFFF 10000000");
  assertEquals(records.map(({ key, value }) => [key, value]), [
    ["energy:Wh:instantaneous:s1:t0:u0", "-1000"],
    ["energy:J:instantaneous:s1:t0:u0", "160000"],
  ]);
  assertEquals(deviceType, "heat");
});

Deno.test("decodeTelegram() gives two counters of one unit two addresses", () => {
  const keys = fixed("00", "2929", "01000000 02000000").records.map(({ key }) => key);
  assertEquals(keys, ["volume:m3:instantaneous:s0:t0:u0", "volume:m3:instantaneous:s0:t0:u1"]);
});

Deno.test("decodeTelegram() says when a counter of the fixed structure is no number", () => {
  const [date, wrong] = fixed("00", "0129", "01020304 0A000000").records;
  assertEquals(date?.error, "Cannot interpret value: unit 01 of the fixed structure is no number's unit");
  assertEquals(wrong?.error, "Cannot state value: its BCD has digits that are no decimal digits");
});

Deno.test("decodeTelegram() takes CI 73 of another length for what it is not", () => {
  const codeOf = (bytes: number) =>
    assertThrows(() => decodeTelegram(frameOf(0x73, "00".repeat(bytes))), TelegramError).code;
  assertEquals([codeOf(1), codeOf(15), codeOf(17)], ["truncated", "truncated", "unsupported"]);
});
