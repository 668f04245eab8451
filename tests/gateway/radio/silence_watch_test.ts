import { assertEquals } from "@std/assert";
import { SilenceWatch } from "../../../gateway/radio/silence_watch.ts";

Deno.test("SilenceWatch asks for a reset first, then for a new line each time that the limit passes", () => {
  const watch = new SilenceWatch(1_000);
  watch.begin(0);
  assertEquals([watch.due(999), watch.due(1_000)], [null, "reset"]);
  assertEquals([watch.due(1_999), watch.due(2_000)], [null, "reopen"]);
  watch.begin(2_500); // opened anew
  assertEquals([watch.due(3_499), watch.due(3_500)], [null, "reopen"]);
});

Deno.test("SilenceWatch begins again with a telegram", () => {
  const watch = new SilenceWatch(1_000);
  watch.begin(0);
  assertEquals([watch.due(1_000), watch.due(2_000)], ["reset", "reopen"]);
  watch.heard(2_100);
  assertEquals([watch.due(3_099), watch.due(3_100)], [null, "reset"]);
});
