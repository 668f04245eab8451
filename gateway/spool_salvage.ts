import type { Log } from "@mbus-gateway/resource";
import { exists } from "./exists.ts";
import { openReadable, pendingSalvage, recordSalvage } from "./spool_salvage_copy.ts";
import { addToTotal, connectSpool, DamagedSpool, inTransaction, readTotal, type SpoolTotal } from "./spool_schema.ts";
import type { DatabaseSync } from "node:sqlite";

/** Whether the file was there, was made, or was made in place of a damaged one. */
export type SpoolOrigin = "found" | "created" | "salvaged";

/**
 * The spool at `path`, or a new one in place of a damaged one, which remembers what is to be copied into it:
 * {@linkcode SalvageCopy} does that, a little at a time.
 *
 * The damaged file is kept under a name that tells the time, for a person to look at; nothing deletes it. A process that
 * dies anywhere in between leaves something from which the next one goes on.
 *
 * @param known the damage that has shown while the file was in use, and need not show when it is opened.
 */
export function connectOrSetAside(
  path: string,
  now: Date,
  log: Log,
  known?: DamagedSpool,
): { database: DatabaseSync; origin: SpoolOrigin } {
  const begun = `${path}.new`;
  if (!exists(path) && exists(begun)) putInPlace(begun, path);
  let spool;
  try {
    if (known !== undefined) throw known;
    spool = connectSpool(path);
  } catch (thrown) {
    if (!(thrown instanceof DamagedSpool)) throw thrown;
    const aside = `${path}.damaged-${now.toISOString().replaceAll(":", "")}`;
    beginAnew(begun, path, aside);
    Deno.renameSync(path, aside);
    putInPlace(begun, path);
    log.error("The spool file is damaged: it is set aside, and a new one is begun", { aside, error: thrown });
    spool = connectSpool(path);
  }
  const { database, created } = spool;
  const salvages = pendingSalvage(database).length > 0;
  return { database, origin: salvages ? "salvaged" : created ? "created" : "found" };
}

/** An empty spool that remembers what is to be copied into it, and what the damaged one has counted. */
function beginAnew(begun: string, damaged: string, aside: string) {
  if (exists(begun)) Deno.removeSync(begun);
  const { database } = connectSpool(begun);
  try {
    const known = countedIn(damaged);
    inTransaction(database, () => {
      recordSalvage(database, [aside, ...known.pending], 0);
      addToTotal(database, "salvaged", 1 + known.salvaged);
      addToTotal(database, "dropped", known.dropped);
    });
  } finally {
    // The last connection to close moves the write-ahead log into the file: one file to rename.
    database.close();
  }
}

/** The log of the damaged file goes with it: beside another file SQLite would play it into that one. */
function putInPlace(begun: string, path: string) {
  const { database } = connectSpool(begun);
  const [aside = begun] = pendingSalvage(database);
  database.close();
  for (const suffix of ["-wal", "-shm"]) {
    if (exists(path + suffix)) Deno.renameSync(path + suffix, aside + suffix);
  }
  Deno.renameSync(begun, path);
}

/** What a damaged file had counted, and what was still to be copied into it, as far as that can be read. */
function countedIn(damaged: string): Record<SpoolTotal, number> & { pending: string[] } {
  using source = openReadable(damaged);
  const readable = <T>(otherwise: T, read: (source: DatabaseSync) => T): T => {
    try {
      return source === null ? otherwise : read(source);
    } catch {
      return otherwise;
    }
  };
  return {
    salvaged: readable(0, (source) => readTotal(source, "salvaged")),
    dropped: readable(0, (source) => readTotal(source, "dropped")),
    pending: readable([], pendingSalvage),
  };
}
