import { assert, assertEquals } from "@std/assert";
import { ninetyDays } from "./ninety_days.ts";

Deno.test("a spool of many days is opened without walking through it, and counted or, where it is damaged, copied beside the reading", async () => {
  const readouts = 60_000;
  const found = await ninetyDays({ readouts });
  assert(found.bytes > 16 * 1024 * 1024, "larger than what is looked through at once");
  assert(found.bytesPerReadout * 90 * 24_000 < 4e9, `${found.bytesPerReadout} bytes a readout`);
  assertEquals([found.depthAtFirst, found.depthCounted], [readouts + 1, readouts + 1]);
  assert(found.steps >= readouts / 2_000);
  const { damaged } = found;
  assert(damaged.lost > 0 && damaged.lost < 200, `${damaged.lost} are lost with the page`);
  assert(damaged.steps >= readouts / 2_000 && damaged.taken >= readouts / 2_000);
  assertEquals(damaged.found, damaged.taken);
});
