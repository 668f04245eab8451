import { assertEquals, assertRejects } from "@std/assert";
import { takingTurns } from "../../gateway/taking_turns.ts";

Deno.test("takingTurns() does one job after the other, whatever becomes of the one before", async () => {
  const inTurn = takingTurns();
  const first = Promise.withResolvers<void>();
  const said: string[] = [];
  const jobs = [
    inTurn(async () => {
      await first.promise;
      said.push("first");
      throw new Error("Cannot go on");
    }),
    inTurn(() => Promise.resolve(said.push("second"))),
  ];
  const failed = assertRejects(() => jobs[0] ?? Promise.resolve(), Error, "Cannot go on");
  first.resolve();
  await failed;
  assertEquals(await jobs[1], 2);
  assertEquals(said, ["first", "second"]);
});

Deno.test("takingTurns() gives a turn up in the middle, and takes it again also when what came between failed", async () => {
  const inTurn = takingTurns();
  const said: string[] = [];
  const first = inTurn(async (outOfTurn) => {
    said.push("begins");
    await assertRejects(() =>
      outOfTurn(async () => {
        await inTurn(() => Promise.resolve(said.push("between")));
        throw new Error("Cannot go on");
      })
    );
    said.push("ends");
  });
  const second = inTurn(() => Promise.resolve(said.push("second")));
  await Promise.all([first, second]);
  assertEquals(said, ["begins", "second", "between", "ends"]);
});
