import { assertEquals } from "@std/assert";
import { REPEAT_WINDOW_MS, Repeats } from "../../../gateway/radio/repeats.ts";

Deno.test("Repeats knows a telegram again within the window, and not after it", () => {
  const repeats = new Repeats();
  assertEquals([repeats.isRepeat("a", 0), repeats.isRepeat("b", 10), repeats.isRepeat("a", 25_000)], [
    false,
    false,
    true,
  ]);
  assertEquals(repeats.isRepeat("a", REPEAT_WINDOW_MS - 1), true);
  assertEquals([repeats.isRepeat("a", REPEAT_WINDOW_MS), repeats.isRepeat("b", REPEAT_WINDOW_MS)], [false, true]);
});
