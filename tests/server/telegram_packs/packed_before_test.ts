import { assertEquals } from "@std/assert";
import type { Sql } from "../../../server/db/mod.ts";
import { PackedBefore } from "../../../server/telegram_packs/packed_before.ts";

/** A database that counts the questions, and answers each alike. */
function counting(before: string | null) {
  let questions = 0;
  const sql = (() => {
    questions++;
    return Promise.resolve(before === null ? [] : [{ before: new Date(before) }]);
  }) as unknown as Sql;
  return { run: <T>(work: (sql: Sql) => Promise<T>) => work(sql), questions: () => questions };
}

Deno.test("PackedBefore asks the database once a minute", async () => {
  const database = counting("2026-01-31T11:50:00.000Z");
  let now = 0;
  const packedBefore = new PackedBefore(() => [now, 1e9 + now]);
  for (const [time, asked] of [[0, 1], [59_999, 1], [60_000, 2], [119_999, 2], [120_000, 3]] as const) {
    now = time;
    await packedBefore.ask(database);
    assertEquals([time, database.questions()], [time, asked]);
  }
});

Deno.test("PackedBefore asks again where either clock says that its answer is old, also one that was set back", async () => {
  const database = counting(null);
  let clocks = [0, 0];
  const packedBefore = new PackedBefore(() => clocks);
  for (const [next, asked] of [[[0, 0], 1], [[9, 60_000], 2], [[60_009, 60_000], 3], [[60_000, 60_001], 4]] as const) {
    clocks = [...next];
    await packedBefore.ask(database);
    assertEquals([next, database.questions()], [next, asked]);
  }
});

Deno.test("PackedBefore tells what may be packed, with the ten minutes in which another gateway may have heard it", async () => {
  const readout = { readAt: "2026-01-31T12:00:00.000Z" };
  const may = async (before: string | null) => (await new PackedBefore().ask(counting(before)))(readout);
  assertEquals(await may(null), false);
  assertEquals(await may("2026-01-31T11:50:00.000Z"), false);
  assertEquals(await may("2026-01-31T11:50:00.001Z"), true);
});
