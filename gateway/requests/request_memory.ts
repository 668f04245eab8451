import { DatabaseSync } from "node:sqlite";
import { isDamage } from "../spool_schema.ts";

/** What is known of a request that was begun. */
export interface RememberedRequest {
  /** Null: it was begun, and whether it was done nobody knows. */
  answer: string | null;
}

/** Remembers requests by their id, over restarts: what comes twice is done once. */
export interface RequestMemory extends Disposable {
  find(id: string): RememberedRequest | null;
  /** Durable when it returns, so before anything is done. */
  begin(id: string, at: Date): void;
  end(id: string, answer: string): void;
}

/** So many are remembered; a request expires long before as many others have come. */
const MOST = 1_000;

/**
 * The memory in the file at `path`, opened when it is needed. One that is damaged is begun anew: requests have an end of
 * their own. Where it cannot be opened for any other reason, such as a full disk, it is kept: until that has passed,
 * whoever uses it gets the error, and what it knows is not forgotten.
 *
 * @example
 * ```ts
 * import { requestMemory } from "./request_memory.ts";
 * using memory = requestMemory(":memory:");
 * memory.begin("a1", new Date());
 * memory.find("a1"); // { answer: null }
 * ```
 */
export function requestMemory(path: string): RequestMemory {
  let database: DatabaseSync | null = null;
  const close = () => {
    database?.close();
    database = null;
  };

  function use<T>(work: (database: DatabaseSync) => T): T {
    try {
      return work(database ??= connect(path));
    } catch (thrown) {
      if (!isDamage(thrown)) throw thrown;
      close();
      for (const end of ["", "-wal", "-shm"]) removeIfThere(`${path}${end}`);
      return work(database = connect(path));
    }
  }

  return {
    find: (id) =>
      use((database) => {
        const row = database.prepare("select answer from requests where id = ?").get(id);
        return row === undefined ? null : { answer: typeof row.answer === "string" ? row.answer : null };
      }),
    begin: (id, at) =>
      use((database) => {
        database.prepare("insert into requests (id, begun_at) values (?, ?)").run(id, at.toISOString());
        database.prepare(`delete from requests where rowid <= (select max(rowid) - ${MOST} from requests)`).run();
      }),
    end: (id, answer) =>
      use((database) => void database.prepare("update requests set answer = ? where id = ?").run(answer, id)),
    [Symbol.dispose]: close,
  };
}

function connect(path: string): DatabaseSync {
  const database = new DatabaseSync(path);
  try {
    database.exec("pragma journal_mode = wal; pragma synchronous = full");
    database.exec(
      "create table if not exists requests (id text primary key, begun_at text not null, answer text) strict",
    );
    return database;
  } catch (thrown) {
    database.close();
    throw thrown;
  }
}

function removeIfThere(path: string) {
  try {
    Deno.removeSync(path);
  } catch (thrown) {
    if (!(thrown instanceof Deno.errors.NotFound)) throw thrown;
  }
}
