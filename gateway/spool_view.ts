import { DatabaseSync } from "node:sqlite";
import type { Spool } from "./spool.ts";
import { selectParked, selectReadouts, selectStatus } from "./spool_rows.ts";
import { newestGiven, numberOf, readEpoch, SCHEMA_VERSION } from "./spool_schema.ts";

/** A look at a spool from outside, also while a gateway has it open. */
export interface SpoolView extends Pick<Spool, "epoch" | "peek" | "parked" | "status">, Disposable {
  /** The newest sequence number ever given in this file. */
  newestGiven(): number;
  /** The newest readout of each meter that has one here. */
  latest(): { bus: string; address: string; readAt: string }[];
}

/**
 * Opens the spool at `path` for reading.
 *
 * @throws {Error} when there is none.
 */
export function inspectSpool(path: string): SpoolView {
  let database: DatabaseSync;
  try {
    database = new DatabaseSync(path, { readOnly: true, timeout: 5_000 });
  } catch (cause) {
    const why = "it is not there, or not for this user to read; a gateway makes it at its first start";
    throw new Error(`Cannot read spool ${path}: ${why}`, { cause });
  }
  using stack = new DisposableStack();
  stack.defer(() => database.close());
  refuseEarlier(database, path);
  const epoch = readEpoch(database);
  const owned = stack.move();
  return {
    epoch,
    peek: (options) => selectReadouts(database, options).readouts,
    parked: (limit) => selectParked(database, limit),
    status: () => selectStatus(database),
    newestGiven: () => newestGiven(database),
    latest: () =>
      database.prepare("select bus, address, read_at, max(seq) from readouts group by bus, address").all()
        .map((row) => ({ bus: String(row.bus), address: String(row.address), readAt: String(row.read_at) })),
    [Symbol.dispose]: () => owned.dispose(),
  };
}

/** To look changes nothing, so that the tables of an earlier release stay as they are. */
function refuseEarlier(database: DatabaseSync, path: string) {
  const version = numberOf(database, "pragma user_version");
  if (version === SCHEMA_VERSION) return;
  throw new Error(
    `Cannot read spool: ${path} has version ${version}, this release reads ${SCHEMA_VERSION}; ` +
      "start the gateway once, which brings it up to date",
  );
}
