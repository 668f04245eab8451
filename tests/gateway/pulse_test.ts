import { assertEquals, assertRejects } from "@std/assert";
import { beatingTimer } from "../../gateway/pulse.ts";
import { manualTime } from "../fixtures/manual_time.ts";

Deno.test("beatingTimer() beats while it sleeps, and sleeps as long as it should", async () => {
  const time = manualTime();
  const beats: number[] = [];
  const timer = beatingTimer(time.timer, () => beats.push(timer.elapsed()), 5_000);
  let wokeAt = 0;
  const asleep = timer.sleep(12_000, new AbortController().signal).then(() => wokeAt = timer.elapsed());
  await time.pass(60_000);
  await asleep;
  assertEquals([beats, wokeAt], [[0, 5_000, 10_000], 12_000]);
  await assertRejects(() => timer.sleep(1_000, AbortSignal.abort(new Error("enough"))), Error, "enough");
});
