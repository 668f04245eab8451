import { assert, assertEquals } from "@std/assert";
import { ingestTransaction } from "../../../server/db/mod.ts";
import { TelegramIds } from "../../../server/ingest/telegram_ids.ts";
import { testDatabase } from "../../fixtures/private_postgres.ts";

Deno.test("TelegramIds gives transactions that ask at once ascending ids, each once", async () => {
  await using at = await testDatabase();
  const ids = new TelegramIds();
  const taken = await Promise.all(
    [700, 1, 2500, 999, 1000].map((count) => ingestTransaction(at.database, (tx) => ids.take(tx, count))),
  );
  assertEquals(taken.map(({ length }) => length), [700, 1, 2500, 999, 1000]);
  assertEquals(new Set(taken.flat()).size, 5200);
  for (const list of taken) assertEquals(list, list.toSorted((a, b) => Number(a) - Number(b)));
});

Deno.test("TelegramIds says how many blocks are missing for the next batches, and hands them out", async () => {
  await using at = await testDatabase();
  const ids = new TelegramIds();
  assertEquals(ids.missingFor(600), 2);
  ids.add(["5001", "3001"]);
  assertEquals([ids.missingFor(600), ids.missingFor(1500), ids.missingFor(0)], [0, 1, 0]);
  const taken = await ingestTransaction(at.database, (tx) => ids.take(tx, 1001));
  assertEquals([taken[0], taken[999], taken[1000]], ["3001", "4000", "5001"]);
  assert(ids.missingFor(600) > 0);
});
