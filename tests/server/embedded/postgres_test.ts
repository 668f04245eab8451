import { assert, assertEquals, assertRejects } from "@std/assert";
import { ConfigurationError } from "@mbus-gateway/resource";
import { DatabaseError, migrate, openDatabase, transaction } from "../../../server/db/mod.ts";
import { embeddedFolder } from "../../fixtures/embedded_folder.ts";
import { embeddedPostgres } from "../../../server/embedded/postgres.ts";
import { embeddedSocket } from "../../../server/embedded/socket_path.ts";

async function temporaryFolder() {
  const path = await Deno.makeTempDir({ prefix: "mbus-embedded-" });
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}

/** A process that has committed to the folder's database and goes on holding it. */
async function holder(folder: string) {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "-q", "--no-check", `${import.meta.dirname}/hold_folder.ts`, folder],
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const reader = child.stdout.getReader();
  const first = await reader.read();
  assertEquals(new TextDecoder().decode(first.value), "committed\n");
  return {
    pid: child.pid,
    async kill() {
      child.kill("SIGKILL");
      await child.status;
      await reader.cancel();
    },
  };
}

const modeOf = (path: string) => (Deno.statSync(path).mode ?? 0) & 0o777;

Deno.test("embeddedPostgres() starts on an empty folder, finds its data again, and is this user's alone", async () => {
  await using folder = await temporaryFolder();
  const path = `${folder.path}/data/postgres`;
  {
    await using postgres = await embeddedPostgres(path);
    await using database = await openDatabase({ url: postgres.url, maxConnections: 1 });
    assert((await migrate(database)).length > 0);
    await transaction(database, async (tx) => {
      await tx`create table notes (text text)`;
      await tx`insert into notes values ('kept')`;
    });
    assertEquals((await database.sql`show timezone`)[0]?.TimeZone, "UTC");
    assertEquals([modeOf(path), modeOf(embeddedSocket(path))], [0o700, 0o600]);
  }
  await using postgres = await embeddedPostgres(path);
  await using database = await openDatabase({ url: postgres.url, maxConnections: 1 });
  assertEquals(await migrate(database), []);
  assertEquals((await database.sql`select text from notes`)[0]?.text, "kept");
});

Deno.test("embeddedPostgres() refuses a folder that another process holds, and takes it when that one was killed", async () => {
  await using folder = await embeddedFolder();
  const other = await holder(folder.path);
  try {
    const error = await assertRejects(() => embeddedPostgres(folder.path), ConfigurationError);
    assertEquals(
      error.message,
      `Cannot use folder ${folder.path}: process ${other.pid} works on it; ` +
        "stop that one first, or choose another folder with DATA_DIR",
    );
  } finally {
    await other.kill();
  }
  assert(Deno.lstatSync(embeddedSocket(folder.path)).isSocket, "the killed one left its socket");
  await using postgres = await embeddedPostgres(folder.path);
  await using database = await openDatabase({ url: postgres.url, maxConnections: 1 });
  assertEquals((await database.sql`select text from notes`)[0]?.text, "committed");
});

Deno.test("embeddedPostgres() refuses a second start in the same process too", async () => {
  await using folder = await embeddedFolder();
  await using _first = await embeddedPostgres(folder.path);
  await assertRejects(() => embeddedPostgres(folder.path), ConfigurationError, `process ${Deno.pid} works on it`);
});

Deno.test("embeddedPostgres() says that a path is too long for a socket", async () => {
  await using folder = await temporaryFolder();
  await assertRejects(
    () => embeddedPostgres(`${folder.path}/${"long".repeat(30)}`),
    ConfigurationError,
    "choose a shorter folder with DATA_DIR",
  );
});

Deno.test("embeddedPostgres() goes on when a transaction was given up at its deadline", async () => {
  await using folder = await embeddedFolder();
  await using postgres = await embeddedPostgres(folder.path);
  await using database = await openDatabase({ url: postgres.url, maxConnections: 1, transactionDeadlineMs: 100 });
  await database.sql`create table notes (text text)`;
  const late = Promise.withResolvers<void>();
  await assertRejects(() =>
    transaction(database, async (tx) => {
      await tx`insert into notes values ('given up')`;
      await late.promise;
      await tx`insert into notes values ('too late')`;
    }), DatabaseError);
  assertEquals((await transaction(database, (tx) => tx`select text from notes`)).length, 0);
  late.resolve();
  assertEquals((await transaction(database, (tx) => tx`select text from notes`)).length, 0);
});

Deno.test("embeddedPostgres() says that its engine gives no answer any more", async () => {
  await using folder = await embeddedFolder();
  await using postgres = await embeddedPostgres(folder.path);
  await using database = await openDatabase({ url: postgres.url, maxConnections: 1, transactionDeadlineMs: 500 });
  const tooDeep = `select ${"array[".repeat(3000)}1${"]".repeat(3000)}`; // uses up the WebAssembly's stack
  await assertRejects(() => transaction(database, (tx) => tx.unsafe(tooDeep).simple()), DatabaseError);
  assertEquals(
    (await postgres.broken).message,
    "Cannot go on with the embedded database: it gives no answer; start the server again",
  );
});
