import { DatabaseSync } from "node:sqlite";
import type { Log } from "@mbus-gateway/resource";
import { exists } from "./exists.ts";
import { ROW_COLUMNS, rowSum, rowValues, type SpoolRow } from "./spool_codec.ts";
import { connectSpool, DamagedSpool, inTransaction } from "./spool_schema.ts";

/** Whether the file was there, was made, or was made in place of a damaged one. */
export type SpoolOrigin = "found" | "created" | "salvaged";

/**
 * The spool at `path`, or a new one in place of a damaged one, with all rows that can still be read.
 *
 * The damaged file is kept under a name that tells the time, for a person to look at; nothing deletes it. The copied
 * rows get new numbers under the new epoch. Some may be committed at a server already: there the same series at the
 * same time is the same reading, so that nothing counts twice; only the telegram is kept a second time.
 *
 * A process that dies anywhere in between leaves something from which the next one goes on.
 */
export function connectOrSalvage(path: string, now: Date, log: Log): { database: DatabaseSync; origin: SpoolOrigin } {
  const begun = `${path}.new`;
  if (!exists(path) && exists(begun)) putInPlace(begun, path);
  let spool;
  try {
    spool = connectSpool(path);
  } catch (thrown) {
    if (!(thrown instanceof DamagedSpool)) throw thrown;
    const aside = `${path}.damaged-${now.toISOString().replaceAll(":", "")}`;
    beginAnew(begun, aside);
    Deno.renameSync(path, aside);
    putInPlace(begun, path);
    log.error("The spool file is damaged: it is set aside, and a new one is begun", { aside, error: thrown });
    spool = connectSpool(path);
  }
  const aside = pendingSalvage(spool.database);
  if (aside !== null) {
    const copied = salvage(aside, spool.database);
    log.warn("What could be read of the damaged spool is copied and goes on under the new epoch", { aside, copied });
  }
  const { database, created } = spool;
  return { database, origin: aside !== null ? "salvaged" : created ? "created" : "found" };
}

/** An empty spool that remembers what is to be copied into it. */
function beginAnew(begun: string, aside: string) {
  if (exists(begun)) Deno.removeSync(begun);
  const { database } = connectSpool(begun);
  try {
    database.prepare("insert into meta (key, value) values ('salvage', ?)").run(aside);
  } finally {
    // The last connection to close moves the write-ahead log into the file: one file to rename.
    database.close();
  }
}

/** The log of the damaged file goes with it: beside another file SQLite would play it into that one. */
function putInPlace(begun: string, path: string) {
  const { database } = connectSpool(begun);
  const aside = pendingSalvage(database);
  database.close();
  for (const suffix of ["-wal", "-shm"]) {
    if (exists(path + suffix)) Deno.renameSync(path + suffix, (aside ?? begun) + suffix);
  }
  Deno.renameSync(begun, path);
}

function pendingSalvage(database: DatabaseSync): string | null {
  const value = database.prepare("select value from meta where key = 'salvage'").get()?.value;
  return typeof value === "string" ? value : null;
}

function salvage(aside: string, database: DatabaseSync): number {
  const insert = database.prepare(
    `insert into readouts (${ROW_COLUMNS}, parked_code, parked_reason, sum) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  return inTransaction(database, () => {
    let copied = 0;
    for (const row of readableRows(aside)) {
      copied++;
      // A row that is not what was written keeps a sum that does not fit, and is parked when it is read.
      const sound = row.sum === null || row.sum === rowSum(row);
      const copy = { ...row, seq: copied };
      const sum = row.sum === null ? null : sound ? rowSum(copy) : 0;
      insert.run(...rowValues(copy), row.parked_code, row.parked_reason, sum);
    }
    database.exec("delete from meta where key = 'salvage'");
    return copied;
  });
}

interface Row extends SpoolRow {
  parked_code: string | null;
  parked_reason: string | null;
  sum: number | null;
}

/** From the oldest as far as the damage, then what lies behind it, oldest first. */
function* readableRows(aside: string): Generator<Row> {
  using source = openReadable(aside);
  if (source === null) return;
  let oldest = 0;
  for (const row of rowsUntilDamage(source, "seq > ? order by seq", 0)) {
    oldest = row.seq;
    yield row;
  }
  const behind: Row[] = [];
  for (const row of rowsUntilDamage(source, "seq < ? order by seq desc", Number.MAX_SAFE_INTEGER)) {
    if (row.seq <= oldest) break;
    behind.push(row);
  }
  yield* behind.reverse();
}

function openReadable(aside: string): DatabaseSync | null {
  try {
    return new DatabaseSync(aside, { readOnly: true });
  } catch {
    // Not even opened; the file itself is kept.
    return null;
  }
}

function* rowsUntilDamage(source: DatabaseSync, where: string, from: number): Generator<Row> {
  for (let row = rowUnlessDamaged(source, where, from); row !== null; row = rowUnlessDamaged(source, where, row.seq)) {
    yield row;
  }
}

/** The next row; null at the end and where the damage begins. */
function rowUnlessDamaged(source: DatabaseSync, where: string, from: number): Row | null {
  try {
    // One by one: a longer answer would be lost with its last row, and `iterate` ends at damage as if all were read.
    const row = source.prepare(`select * from readouts where ${where} limit 1`).get(from);
    // A file of the first release has fewer columns.
    return row === undefined ? null : { rssi: null, flags: null, corrected_read_at: null, sum: null, ...row } as Row;
  } catch {
    return null;
  }
}
