import { embeddedDatabase, testDatabase } from "../../fixtures/private_postgres.ts";
import { packCases } from "./pack_case.ts";
import { siteOn } from "./site.ts";
import "./packing_cases.ts";
import "./packed_cases.ts";

for (const { name, run } of packCases) {
  Deno.test(name, async () => {
    await using at = await siteOn(await testDatabase());
    await run(at);
  });
}

Deno.test("on the embedded database", async (t) => {
  await using one = await embeddedDatabase();
  // One start for all of them: each leaves the tables empty for the next.
  const kept = {
    database: one.database,
    async [Symbol.asyncDispose]() {
      await one.database.sql.unsafe(`
        truncate telegrams, telegram_packs, readings, meter_attributes, series, meters, quarantine, gateways,
          consumption_changes, redecode_runs, meter_keys, telegram_packing cascade`).simple();
    },
  };
  for (const { name, run } of packCases) {
    await t.step(name, async () => {
      await using at = await siteOn(kept);
      await run(at);
    });
  }
});
