import { assert, assertEquals } from "@std/assert";
import { lyingConfirmations } from "./lying_confirmations.ts";

Deno.test("confirmations may be lost, doubled and reordered: the gateway lets go of what is held, and of all of it", async () => {
  const found = await lyingConfirmations({ readouts: 500, seed: 20260131 });
  assertEquals([found.held, found.left, found.tooEarly], [found.taken, 0, 0]);
  assert(found.lost > 10 && found.doubled > 5 && found.late > 5, JSON.stringify(found));
});
