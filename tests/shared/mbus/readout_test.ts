import { assertEquals, assertThrows } from "@std/assert";
import { decodeTelegram, joinTelegrams, type Telegram, TelegramError } from "@mbus-gateway/mbus";
import { frameOf, HEADER, telegramOf } from "./telegram_fixture.ts";

function refused(telegrams: Telegram[], offset: number, part: string): void {
  const error = assertThrows(() => joinTelegrams(telegrams), TelegramError, part);
  assertEquals([error.code, error.offset], ["readout", offset]);
}

Deno.test("joinTelegrams() puts the records of one readout in order", () => {
  const { telegrams, records, complete } = joinTelegrams([
    telegramOf("01 13 05 01 3B 02 1F"),
    telegramOf("41 13 06 1F AA"),
    telegramOf("01 5B 14 0F BB"),
  ]);
  assertEquals([telegrams.length, complete], [3, true]);
  assertEquals(records.map(({ telegram, record }) => [telegram, record.quantity, record.value]), [
    [0, "volume", "0.005"],
    [0, "volume_flow", "0.002"],
    [1, "volume", "0.006"],
    [2, "flow_temperature", "20"],
  ]);
});

Deno.test("joinTelegrams() tells records with one key apart, across telegrams too", () => {
  const { records } = joinTelegrams([telegramOf("01 13 05 01 13 06 1F"), telegramOf("01 13 07")]);
  const key = "volume:m3:instantaneous:s0:t0:u0";
  assertEquals(records.map((record) => record.key), [key, `${key}#1`, `${key}#2`]);
});

Deno.test("joinTelegrams() takes a repeated telegram once", () => {
  const first = telegramOf("01 13 05 1F");
  const { records, telegrams, complete } = joinTelegrams([first, telegramOf("01 13 05 1F"), telegramOf("01 13 06")]);
  assertEquals([records.length, telegrams.length, complete], [2, 2, true]);
});

Deno.test("joinTelegrams() says whether the readout is complete", () => {
  assertEquals(joinTelegrams([telegramOf("01 13 05")]).complete, true);
  assertEquals(joinTelegrams([telegramOf("01 13 05 1F")]).complete, false);
});

Deno.test("joinTelegrams() refuses what is no readout", () => {
  refused([], 0, "there is no telegram");
  refused([telegramOf("01 13 05"), telegramOf("01 13 06")], 1, "telegram 2 comes after one that says");
  const other = decodeTelegram(frameOf(0x72, HEADER.replace("78", "79") + "01 13 06"));
  refused([telegramOf("01 13 05 1F"), other], 1, "telegram 2 is from meter KAM 12345679 version 1 type 4");
  refused([decodeTelegram(frameOf(0x78, "01 13 05 1F")), telegramOf("01 13 06")], 1, "the first one from address 5");
});
