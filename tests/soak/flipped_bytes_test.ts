import { assert, assertEquals } from "@std/assert";
import { flippedBytes } from "./flipped_bytes.ts";

Deno.test("bytes flipped in the spool's file alter no reading and stop nothing", async () => {
  const found = await flippedBytes({ rounds: 25, readouts: 400, seed: 20260131 });
  assertEquals([found.altered, found.stuck], [0, 0]);
  assert(found.parked > 0 && found.salvaged > 0, JSON.stringify(found));
  assert(found.arrived > found.taken / 2, JSON.stringify(found));
});
