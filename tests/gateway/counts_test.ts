import { assertEquals, assertThrows } from "@std/assert";
import { createCounts } from "../../gateway/counts.ts";

Deno.test("createCounts() counts up only, each by itself", () => {
  const counts = createCounts();
  counts.add("taken", 3);
  counts.add("sent");
  counts.add("held", 0);
  const read = counts.read();
  assertEquals(read, { taken: 3, failed: 0, sent: 1, held: 0 });
  counts.add("failed");
  assertEquals(read.failed, 0, "what was read stays as it was");
  assertThrows(() => counts.add("held", -1), RangeError, "Cannot count held: -1 is no count");
  assertThrows(() => counts.add("held", 0.5), RangeError);
});
