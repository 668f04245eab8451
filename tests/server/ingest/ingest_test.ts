import { embeddedPostgres } from "../../../server/embedded/postgres.ts";
import { migrate, openDatabase } from "../../../server/db/mod.ts";
import { embeddedFolder } from "../../fixtures/embedded_folder.ts";
import { testDatabase } from "../../fixtures/private_postgres.ts";
import { ingestCases, siteOn } from "./ingest_cases.ts";

for (const { name, run } of ingestCases) Deno.test(name, () => run(async () => await siteOn(await testDatabase())));

Deno.test("on the embedded database", async (t) => {
  await using folder = await embeddedFolder();
  await using postgres = await embeddedPostgres(folder.path);
  await using database = await openDatabase({ url: postgres.url, maxConnections: 1 });
  await migrate(database);
  // One start for all of them: each leaves the tables empty for the next.
  const kept = {
    database,
    async [Symbol.asyncDispose]() {
      await database.sql.unsafe(`
        truncate telegrams, readings, meter_attributes, series, meters, quarantine, gateways cascade;
        alter table readings drop constraint if exists no_666`).simple();
    },
  };
  for (const { name, run } of ingestCases) await t.step(name, () => run(() => siteOn(kept)));
});
