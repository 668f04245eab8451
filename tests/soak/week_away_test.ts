import { assert, assertEquals } from "@std/assert";
import { weekAway } from "./week_away.ts";

Deno.test("after a broker was away at full rate everything is delivered once, and live readings pass the backlog", async () => {
  const found = await weekAway({ days: 1, meters: 30 });
  assertEquals([found.held, found.left], [found.taken, 0]);
  assertEquals([found.twice, found.altered], [0, 0]);
  assert(found.taken >= 30 * 96);
  assert(found.liveSeconds <= 30, `a live reading took ${found.liveSeconds} s`);
  assert(found.drainSeconds <= 60, `the backlog took ${found.drainSeconds} s`);
});
