import type { DatabaseSync } from "node:sqlite";
import type { Log } from "@mbus-gateway/resource";
import { type Companion, fileIdentity } from "./spool_companion.ts";
import type { SpoolOrigin } from "./spool_salvage.ts";
import { inTransaction, newestGiven, readEpoch, writeEpoch } from "./spool_schema.ts";

/** The epoch under which this file may go on, a new one where it is not the file that was here. */
export function settleEpoch(
  path: string,
  database: DatabaseSync,
  origin: SpoolOrigin,
  companion: Companion,
  log: Log,
): string {
  const { mark } = companion;
  const file = fileIdentity(path);
  const newest = newestGiven(database);
  let epoch = readEpoch(database);
  const same = mark?.epoch === epoch && mark.file === file && mark.newest <= newest;
  if (origin === "found" && !same) {
    epoch = crypto.randomUUID();
    inTransaction(database, () => writeEpoch(database, epoch));
    log.warn("The spool file was restored, copied or set back: it goes on under a new epoch", { path, epoch });
  } else if (origin === "created" && mark !== null) {
    log.warn("The spool file is gone: a new one is begun", { path, epoch });
  }
  companion.write({ epoch, newest, file });
  companion.sync();
  return epoch;
}
