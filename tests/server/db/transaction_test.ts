import { assertEquals, assertRejects } from "@std/assert";
import { authTransaction, ingestTransaction, tenantTransaction, transaction } from "../../../server/db/mod.ts";
import { testDatabase } from "../../fixtures/private_postgres.ts";
import { rolledBack } from "../../fixtures/rolled_back.ts";

Deno.test("transaction() commits on return and rolls back on a throw", async () => {
  await using at = await testDatabase();
  const { database } = at;
  await database.sql`create table notes (text text)`;
  assertEquals(
    await transaction(database, async (tx) => {
      await tx`insert into notes values ('kept')`;
      return 7;
    }),
    7,
  );
  const failure = await assertRejects(() =>
    transaction(database, async (tx) => {
      await tx`insert into notes values ('lost')`;
      throw new RangeError("body");
    }), RangeError);
  assertEquals(failure.message, "body");
  assertEquals((await database.sql`select text from notes`).map((row) => row.text), ["kept"]);
});

Deno.test("transaction() within a transaction is a savepoint", async () => {
  await using at = await testDatabase();
  const { database } = at;
  await database.sql`create table notes (text text)`;
  await transaction(database, async (tx) => {
    await tx`insert into notes values ('outer')`;
    await assertRejects(() =>
      transaction(tx, async (inner) => {
        await inner`insert into notes values ('inner')`;
        await transaction(inner, (innermost) => innermost`insert into notes values ('innermost')`);
        await inner`select 1 / 0`;
      })
    );
    await transaction(tx, (inner) => inner`insert into notes values ('second inner')`);
  });
  assertEquals((await database.sql`select text from notes`).map((row) => row.text), ["outer", "second inner"]);
});

Deno.test("transaction() notices a failed statement whose error the body swallowed", async () => {
  await using at = await testDatabase();
  const { database } = at;
  await database.sql`create table notes (text text)`;
  await assertRejects(() =>
    transaction(database, async (tx) => {
      await tx`insert into notes values ('lost')`;
      await tx`select 1 / 0`.catch(() => {});
    })
  );
  assertEquals((await database.sql`select text from notes`).length, 0);
});

Deno.test("tenantTransaction() sees one tenant, even over a superuser's connection", async () => {
  await using at = await testDatabase();
  const { database } = at;
  await database.sql`insert into tenants (tenant_id, name) values (7, 'other')`;
  await database.sql`
    insert into gateways (tenant_id, gateway_id, token_hash)
    values (1, 'GW-0001', sha256('one')), (7, 'GW-0007', sha256('seven'))`;
  const seen = (tenant: number) =>
    tenantTransaction(
      database,
      tenant,
      async (tx) => (await tx`select gateway_id from gateways`).map((row) => row.gateway_id),
    );
  assertEquals(await seen(1), ["GW-0001"]);
  assertEquals(await seen(7), ["GW-0007"]);
  await assertRejects(
    () =>
      tenantTransaction(
        database,
        1,
        (tx) => tx`insert into gateways (tenant_id, gateway_id, token_hash) values (7, 'GW-0008', sha256('x'))`,
      ),
    Error,
    "row-level security",
  );
  await assertRejects(() => tenantTransaction(database, 1, (tx) => tx`select * from telegrams_2026_01`));
});

Deno.test("a role ends with its transaction, nested or not", async () => {
  await using at = await testDatabase();
  const { database } = at;
  const roleOf = async (sql: typeof database.sql) => (await sql`select current_user::text as role`)[0]?.role;
  const login = await roleOf(database.sql);
  await ingestTransaction(database, async (tx) => {
    const inner = await tenantTransaction(
      tx,
      1,
      async (nested) => (await nested`select current_user::text as role`)[0]?.role,
    );
    assertEquals([inner, (await tx`select current_user::text as role`)[0]?.role], ["mbus_api", "mbus_ingest"]);
  });
  assertEquals(await roleOf(database.sql), login);
  await assertRejects(() => authTransaction(database, (tx) => tx`update gateways set registered_at = now()`));
  await assertRejects(() => ingestTransaction(database, (tx) => tx`select * from api_tokens`));
});

Deno.test("rolledBack() takes back what a test did on a real database", async () => {
  await using at = await testDatabase();
  const { database } = at;
  await rolledBack(database, async (tx) => {
    await tx`insert into tenants (name) values ('for a moment')`;
    assertEquals((await tx`select count(*)::int as n from tenants`)[0]?.n, 2);
  });
  assertEquals((await database.sql`select count(*)::int as n from tenants`)[0]?.n, 1);
});
