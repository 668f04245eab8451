import { assertEquals, assertGreater } from "@std/assert";
import { killedBeforeConfirmation } from "./killed_before_confirmation.ts";

Deno.test("a gateway killed between publish and confirmation sends again, and the server holds each reading once", async () => {
  const { codes, differences, held, taken, waiting, log } = await killedBeforeConfirmation({
    kills: 3,
    seed: 20260131,
  });
  assertEquals(differences, [], log);
  assertEquals([held, waiting], [taken, 0]);
  assertGreater(taken, 0);
  assertEquals(codes, [0, 0, 0, 0]);
});
