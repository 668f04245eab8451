import { assertEquals } from "@std/assert";
import { consumptionSoak } from "./consumption.ts";

Deno.test("consumptionSoak() finds no period that differs from a reckoning of everything", async () => {
  const { readings, revisions, refreshes, compared, ...wrong } = await consumptionSoak({
    counters: 2,
    days: 40,
    seed: 1,
  });
  assertEquals([readings > 1000, revisions > 0, refreshes > 2, compared > 60], [true, true, true, true]);
  assertEquals(wrong, { different: 0, unequalSums: 0 });
});
