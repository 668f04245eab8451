import { assertEquals } from "@std/assert";
import { TelegramPace } from "../../../gateway/radio/telegram_pace.ts";

/** At which of these moments a telegram is taken. */
function taken(intervalMs: number | null, moments: number[]): number[] {
  const pace = new TelegramPace(intervalMs);
  return moments.filter((at) => {
    if (!pace.isDue("kind", at)) return false;
    pace.took("kind", at);
    return true;
  });
}

Deno.test("TelegramPace takes the first telegram of an interval", () => {
  const everySixteenSeconds = Array.from({ length: 120 }, (_, i) => 16_000 * i);
  assertEquals(taken(900_000, everySixteenSeconds).length, 3);
  assertEquals(taken(null, everySixteenSeconds).length, 120);
});

Deno.test("TelegramPace takes every telegram of a meter that sends as often, a little early too", () => {
  assertEquals(taken(900_000, [0, 899_000, 1_799_000, 2_697_000]).length, 4);
});

Deno.test("TelegramPace counts a telegram only when it was taken, and each kind by itself", () => {
  const pace = new TelegramPace(1_000);
  assertEquals([pace.isDue("full", 0), pace.isDue("full", 1)], [true, true]);
  pace.took("full", 1);
  assertEquals([pace.isDue("full", 2), pace.isDue("compact", 2)], [false, true]);
});
