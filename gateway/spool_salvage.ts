import { DatabaseSync } from "node:sqlite";
import type { Log } from "@mbus-gateway/resource";
import { exists } from "./exists.ts";
import { ROW_COLUMNS, rowSum, rowValues, type SpoolRow } from "./spool_codec.ts";
import {
  addToTotal,
  connectSpool,
  DamagedSpool,
  inTransaction,
  isFull,
  numberOf,
  readTotal,
  type SpoolTotal,
} from "./spool_schema.ts";

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
 *
 * @param known the damage that has shown while the file was in use, and need not show when it is opened.
 */
export function connectOrSalvage(
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
    beginAnew(begun, aside);
    Deno.renameSync(path, aside);
    putInPlace(begun, path);
    log.error("The spool file is damaged: it is set aside, and a new one is begun", { aside, error: thrown });
    spool = connectSpool(path);
  }
  const aside = pendingSalvage(spool.database);
  if (aside !== null) {
    const copied = salvage(aside, spool.database, log);
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

/** Copied so many rows at a time, for the sake of memory and of the write-ahead log. */
const COPY_ROWS = 5_000;

/** @returns how many rows were copied. */
function salvage(aside: string, database: DatabaseSync, log: Log): number {
  const insert = database.prepare(
    `insert into readouts (${ROW_COLUMNS}, parked_code, parked_reason, sum) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  // A salvage that was interrupted begins again; nothing else has been stored meanwhile.
  database.exec("delete from readouts");
  let copied = 0;
  const rows = readableRows(aside);
  const copySome = () => {
    for (let more = 0; more < COPY_ROWS; more++) {
      const { value: row, done } = rows.next();
      if (done) return false;
      copied++;
      const whole = isWhole(row);
      const copy = { ...(whole ? row : storable(row)), seq: copied };
      // What is not what was written keeps a sum that does not fit, and is parked when it is read.
      const sum = !whole ? 0 : row.sum === null ? null : row.sum === rowSum(row) ? rowSum(copy) : 0;
      insert.run(...rowValues(copy), copy.parked_code, copy.parked_reason, sum);
    }
    return true;
  };
  try {
    while (inTransaction(database, copySome));
  } catch (thrown) {
    if (!isFull(thrown)) throw thrown;
    log.error("There is no room for all of the damaged spool: the rest stays in the file set aside", { aside });
    copied = numberOf(database, "select count(*) from readouts") ?? 0;
  }
  inTransaction(database, () => {
    addToTotal(database, "salvaged", 1 + totalOf(aside, "salvaged"));
    addToTotal(database, "dropped", totalOf(aside, "dropped"));
    database.exec("delete from meta where key = 'salvage'");
  });
  return copied;
}

/** What the damaged file had counted, if that can be read. */
function totalOf(aside: string, name: SpoolTotal): number {
  using source = openReadable(aside);
  try {
    return source === null ? 0 : readTotal(source, name);
  } catch {
    return 0;
  }
}

interface Row extends SpoolRow {
  parked_code: string | null;
  parked_reason: string | null;
  sum: number | null;
}

const TEXTS = ["bus", "address", "read_at", "clock", "frames"] as const;
const TEXTS_OR_NULL = ["flags", "corrected_read_at", "parked_code", "parked_reason"] as const;

/** Whether every value of a row is of its column's type; what a damaged file says need not be. */
function isWhole(row: Row): boolean {
  return TEXTS.every((column) => typeof row[column] === "string") &&
    TEXTS_OR_NULL.every((column) => row[column] === null || typeof row[column] === "string") &&
    [row.rssi, row.sum].every((value) => value === null || Number.isSafeInteger(value));
}

/** The row with something that its columns take in the place of what they do not. */
function storable(row: Row): Row {
  const stored = { ...row, rssi: null, sum: null };
  for (const column of TEXTS) stored[column] = typeof row[column] === "string" ? row[column] : "";
  for (const column of TEXTS_OR_NULL) stored[column] = typeof row[column] === "string" ? row[column] : null;
  return stored;
}

/** From the oldest as far as the damage, then what lies behind it, oldest first. */
function* readableRows(aside: string): Generator<Row> {
  using source = openReadable(aside);
  if (source === null) return;
  let oldest = 0;
  for (const row of rowsUntilDamage(source, FORWARD, 1)) {
    oldest = row.seq;
    yield row;
  }
  // How far the way back from the newest goes; then forward over the same rows, which may be millions.
  let behind = Number.MAX_SAFE_INTEGER;
  for (const row of rowsUntilDamage(source, BACKWARD, behind)) {
    if (row.seq <= oldest) break;
    behind = row.seq;
  }
  if (behind === Number.MAX_SAFE_INTEGER) return;
  yield* rowsUntilDamage(source, FORWARD, behind);
}

function openReadable(aside: string): DatabaseSync | null {
  try {
    return new DatabaseSync(aside, { readOnly: true });
  } catch {
    // Not even opened; the file itself is kept.
    return null;
  }
}

const FORWARD = "seq >= ? order by seq";
const BACKWARD = "seq < ? order by seq desc";
const CHUNK_ROWS = 200;

function* rowsUntilDamage(source: DatabaseSync, where: string, from: number): Generator<Row> {
  let limit = CHUNK_ROWS;
  for (;;) {
    const rows = rowsUnlessDamaged(source, where, from, limit);
    if (rows === null) {
      if (limit === 1) return;
      // The damage is within the next rows: one by one up to it.
      limit = 1;
      continue;
    }
    yield* rows;
    const last = rows.at(-1);
    if (last === undefined) return;
    // Not by "after the last one": the row before the first behind the damage is looked for in the damaged page.
    from = where === FORWARD ? last.seq + 1 : last.seq;
  }
}

/** The next rows; null where the damage is. Not by `iterate`, which ends at damage as if all were read. */
function rowsUnlessDamaged(source: DatabaseSync, where: string, from: number, limit: number): Row[] | null {
  try {
    const rows = source.prepare(`select * from readouts where ${where} limit ?`).all(from, limit);
    // A file of the first release has fewer columns.
    return rows.map((row) => ({ rssi: null, flags: null, corrected_read_at: null, sum: null, ...row }) as Row);
  } catch {
    return null;
  }
}
