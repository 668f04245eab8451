import { assert, assertEquals, assertFalse, assertRejects } from "@std/assert";
import { delay } from "@std/async";
import { type Database, DatabaseError, openDatabase, transaction, type Tx } from "../../../server/db/mod.ts";
import { isWritePathError } from "../../../server/db/write_path_guard.ts";
import { freshDatabase, privatePostgres } from "../../fixtures/private_postgres.ts";
import { needs } from "../../fixtures/needs.ts";

/** Ends the backend of a transaction from outside, as an administrator or a fail-over would. */
async function terminate(at: { url: string }, tx: Tx) {
  const [backend] = await tx`select pg_backend_pid() as pid`;
  await using other = await openDatabase({ url: at.url, maxConnections: 1 });
  await other.sql`select pg_terminate_backend(${backend?.pid})`;
}

async function works(database: Database) {
  assertEquals((await transaction(database, (tx) => tx`select 3 as n`))[0]?.n, 3);
}

const bodies: Record<string, (tx: Tx, kill: () => Promise<void>) => Promise<unknown>> = {
  "between two statements": async (tx, kill) => {
    await kill();
    await tx`select 1`;
  },
  "while a statement runs": async (tx, kill) => {
    const sleep = tx`select pg_sleep(20)`;
    sleep.catch(() => {});
    await delay(50);
    await kill();
    await sleep;
  },
  "within a savepoint": (tx, kill) =>
    transaction(tx, async (inner) => {
      const sleep = inner`select pg_sleep(20)`;
      sleep.catch(() => {});
      await delay(50);
      await kill();
      await sleep;
    }),
  "in a burst of statements": async (tx, kill) => {
    const before = Array.from({ length: 50 }, (_, n) => tx`select ${n}::int`);
    await kill();
    await Promise.all([...before, ...Array.from({ length: 50 }, (_, n) => tx`select ${n}::int`)]);
  },
};

for (const [when, body] of Object.entries(bodies)) {
  Deno.test({
    name: `transaction() outlives a backend that is terminated ${when}`,
    ...needs("initdb"),
    async fn() {
      await using at = await freshDatabase();
      await assertRejects(() =>
        transaction(at.database, async (tx) => {
          const [backend] = await tx`select pg_backend_pid() as pid`;
          await body(tx, async () => {
            await using other = await openDatabase({ url: at.url, maxConnections: 1 });
            await other.sql`select pg_terminate_backend(${backend?.pid})`;
          });
        })
      );
      await delay(20); // an error thrown outside of every promise comes now, and must not end the process
      await works(at.database);
    },
  });
}

Deno.test({
  name: "transaction() outlives a restart of PostgreSQL under several at once",
  ...needs("initdb"),
  async fn() {
    await using at = await freshDatabase();
    const running = Array.from({ length: 6 }, () =>
      transaction(at.database, async (tx) => {
        await tx`select 1`;
        await tx`select pg_sleep(20)`;
      }));
    const settled = Promise.allSettled(running);
    await delay(200);
    await privatePostgres().stop();
    await privatePostgres().start();
    assert((await settled).every(({ status }) => status === "rejected"));
    await works(at.database);
  },
});

Deno.test({
  name: "transaction() that takes longer than its deadline is given up, and the next one works",
  ...needs("initdb"),
  async fn() {
    await using at = await freshDatabase();
    await using database = await openDatabase({ url: at.url, maxConnections: 1, transactionDeadlineMs: 200 });
    await assertRejects(
      () => transaction(database, (tx) => tx`select pg_sleep(20)`),
      DatabaseError,
      "longer than 200 ms",
    );
    await works(database);
  },
});

Deno.test({
  name: "transaction() tells a terminated connection from a failed statement, which keeps its connection",
  ...needs("initdb"),
  async fn() {
    await using at = await freshDatabase();
    await using database = await openDatabase({ url: at.url, maxConnections: 1 });
    const pid = async () => (await database.sql`select pg_backend_pid() as pid`)[0]?.pid;
    const before = await pid();
    await assertRejects(() => transaction(database, (tx) => tx`select 1 / 0`));
    assertEquals(await pid(), before);
    await assertRejects(() => transaction(database, (tx) => terminate(at, tx).then(() => tx`select 1`)));
    assert(await pid() !== before);
  },
});

Deno.test({
  name: "a single statement works again after a restart of PostgreSQL, idle or in the middle of others",
  ...needs("initdb"),
  async fn() {
    await using at = await freshDatabase();
    const one = async () => (await at.database.sql`select 1 as n`)[0]?.n;
    assertEquals(await one(), 1);
    const running = Promise.allSettled(Array.from({ length: 5 }, () => at.database.sql`select pg_sleep(20)`));
    await delay(100);
    await privatePostgres().stop();
    await privatePostgres().start();
    assert((await running).every(({ status }) => status === "rejected"));
    assertEquals(await one(), 1);
    await privatePostgres().stop();
    await privatePostgres().start();
    await delay(50); // the connections are found closed
    assertEquals(await one(), 1);
  },
});

Deno.test("openDatabase() says what it cannot reach, without the password", async () => {
  const error = await assertRejects(
    () => openDatabase({ url: "postgres://mbus:secret@127.0.0.1:1/mbus" }),
    DatabaseError,
    "Cannot reach database mbus at 127.0.0.1:1",
  );
  assertFalse(error.message.includes("secret"));
});

Deno.test("isWritePathError() knows exactly one error", () => {
  const from = (frame: string, message = "Cannot read properties of null (reading 'write')") =>
    Object.assign(new TypeError(message), { stack: `TypeError: ${message}\n${frame}` });
  assert(isWritePathError(from("    at Immediate.nextWrite (file:///n/postgres/src/connection.js:255:22)")));
  assertFalse(isWritePathError(from("    at nextWrite (file:///n/own/connection.js:255:22)")));
  assertFalse(isWritePathError(from("    at write (file:///n/postgres/src/connection.js:255:22)")));
  assertFalse(isWritePathError(from("    at nextWrite (file:///n/postgres/src/connection.js:1:1)", "other")));
  assertFalse(isWritePathError(new Error("Cannot read properties of null (reading 'write')")));
});
