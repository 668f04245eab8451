import { assert, assertEquals, assertRejects } from "@std/assert";
import { DatabaseError, ensurePartitions, migrate, migrations, openDatabase } from "../../../server/db/mod.ts";
import { freshDatabase, testDatabase } from "../../fixtures/private_postgres.ts";
import { needs } from "../../fixtures/needs.ts";

Deno.test({
  name: "migrate() by several servers at once applies each migration once, also beside another database's",
  ...needs("initdb"),
  async fn() {
    await using one = await freshDatabase({ migrated: false });
    await using other = await freshDatabase({ migrated: false });
    const urls = [one.url, one.url, one.url, one.url, other.url];
    const applied = await Promise.all(urls.map(async (url) => {
      await using database = await openDatabase({ url, maxConnections: 1 });
      return await migrate(database);
    }));
    const names = migrations.map(({ name }) => name);
    assertEquals(applied.slice(0, 4).flat(), names);
    assertEquals(applied[4], names);
    const rows = await one.database.sql`select name from schema_migrations`;
    assertEquals(rows.map((row) => row.name), names);
  },
});

Deno.test("migrate() refuses a changed migration, and data newer than the program", async () => {
  await using at = await testDatabase();
  const changed = migrations.map((migration) => ({ ...migration, sql: migration.sql + " -- changed" }));
  await assertRejects(() => migrate(at.database, changed), DatabaseError, "final");
  await assertRejects(() => migrate(at.database, []), DatabaseError, "does not know");
});

Deno.test("migrate() that fails leaves nothing behind", async () => {
  await using at = await testDatabase();
  const broken = [...migrations, { name: "9999_broken", sql: "create table half (n int); select 1 / 0;" }];
  await assertRejects(() => migrate(at.database, broken));
  assertEquals((await at.database.sql`select to_regclass('half') as half`)[0]?.half, null);
});

Deno.test("ensurePartitions() makes last month to two months ahead, over the turn of a year, and again", async () => {
  await using at = await testDatabase();
  await ensurePartitions(at.database, new Date("2026-11-24T00:00:00Z"));
  await ensurePartitions(at.database, new Date("2026-11-24T00:00:00Z"));
  const rows = await at.database.sql`
    select relname::text as name, pg_get_expr(relpartbound, oid) as bounds from pg_class where relispartition order by relname`;
  const tables = rows.filter(({ name }) => /^(readings|telegrams)_\d{4}_\d{2}$/.test(name));
  const months = ["2026_10", "2026_11", "2026_12", "2027_01"];
  assertEquals(
    tables.map(({ name }) => name),
    ["readings", "telegrams"].flatMap((parent) => months.map((month) => `${parent}_${month}`)),
  );
  assert(tables.every(({ bounds }) => /01 00:00:00\+00.*01 00:00:00\+00/.test(bounds)));
});
