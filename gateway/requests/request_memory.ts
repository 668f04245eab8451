import { DatabaseSync } from "node:sqlite";

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
 * Opens the memory in the file at `path`. One that is damaged is begun anew: requests have an end of their own.
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
  const database = open(path);
  const select = database.prepare("select answer from requests where id = ?");
  const insert = database.prepare("insert into requests (id, begun_at) values (?, ?)");
  const prune = database.prepare(
    `delete from requests where rowid <= (select max(rowid) - ${MOST} from requests)`,
  );
  const update = database.prepare("update requests set answer = ? where id = ?");
  return {
    find(id) {
      const row = select.get(id);
      return row === undefined ? null : { answer: typeof row.answer === "string" ? row.answer : null };
    },
    begin(id, at) {
      insert.run(id, at.toISOString());
      prune.run();
    },
    end: (id, answer) => void update.run(answer, id),
    [Symbol.dispose]: () => database.close(),
  };
}

function open(path: string): DatabaseSync {
  try {
    return connect(path);
  } catch {
    for (const end of ["", "-wal", "-shm"]) removeIfThere(`${path}${end}`);
    return connect(path);
  }
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
