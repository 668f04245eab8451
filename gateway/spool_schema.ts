import { DatabaseSync } from "node:sqlite";
import { prepared } from "./prepared.ts";
import { ConfigurationError } from "@mbus-gateway/resource";

/** Marks the file as a spool of this program ("MBGW"), so that nobody else's database is taken for a damaged one. */
const APPLICATION_ID = 0x4d424757;
/** The version of the tables that this release writes. */
export const SCHEMA_VERSION = 2;

const SCHEMA = `
create table meta (key text primary key, value text not null) strict, without rowid;
-- autoincrement: a number is never given twice, not even that of a released newest row
create table readouts (
  seq integer primary key autoincrement,
  bus text not null,
  address text not null,
  read_at text not null,
  clock text not null,
  frames text not null,
  parked_code text,
  parked_reason text,
  rssi integer,
  flags text,
  corrected_read_at text,
  sum integer
) strict;
create index readouts_parked on readouts (seq) where parked_code is not null;
`;

/** What each version adds to the one before it; rows stay as they are. */
const MIGRATIONS: Readonly<Record<number, string>> = {
  1: `alter table readouts add column rssi integer;
      alter table readouts add column flags text;
      alter table readouts add column corrected_read_at text;
      alter table readouts add column sum integer;`,
};

/**
 * A file up to this size is checked and counted when it is opened. To look through a larger one can take minutes on a
 * slow card, and nobody would read the meters meanwhile: what is damaged in it shows when it is counted or read.
 */
const CHECK_AT_ONCE_BYTES = 16 * 1024 * 1024;

/** A spool file whose content cannot be relied on; opening it again sets it aside and saves what can be read. */
export class DamagedSpool extends Error {
  override name = "DamagedSpool";
}

/**
 * Opens or creates a spool file, sound and of this schema.
 *
 * @returns the connection, and whether the file was created by it.
 * @throws {DamagedSpool} when SQLite finds the file damaged.
 * @throws {ConfigurationError} when the file is another program's or a newer release's.
 */
export function connectSpool(path: string): { database: DatabaseSync; created: boolean } {
  const database = openFile(path);
  try {
    return { database, created: prepare(database, path) };
  } catch (thrown) {
    database.close();
    if (isDamage(thrown)) throw new DamagedSpool(`${path}: ${(thrown as Error).message}`, { cause: thrown });
    throw thrown;
  }
}

/** Runs `body` in one transaction: durable when this returns, nothing done when it throws. */
export function inTransaction<T>(database: DatabaseSync, body: () => T): T {
  database.exec("begin immediate");
  try {
    const result = body();
    database.exec("commit");
    return result;
  } catch (thrown) {
    // A full disk may have rolled back already.
    if (database.isTransaction) database.exec("rollback");
    throw thrown;
  }
}

/** Whether a file is small enough to be looked through at once. */
export function isSmall(database: DatabaseSync): boolean {
  const pages = numberOf(database, "pragma page_count") ?? 0;
  return pages * (numberOf(database, "pragma page_size") ?? 4096) <= CHECK_AT_ONCE_BYTES;
}

/** The number in a one-value row. */
export function numberOf(database: DatabaseSync, sql: string): number | null {
  const value = Object.values(prepared(database, sql).get() ?? {})[0];
  return typeof value === "number" ? value : null;
}

/** The epoch written in the file. */
export function readEpoch(database: DatabaseSync): string {
  const row = database.prepare("select value from meta where key = 'epoch'").get();
  if (typeof row?.value !== "string") throw new DamagedSpool("the spool file has no epoch");
  return row.value;
}

/** Gives the file another epoch: from now on its rows are named anew. */
export function writeEpoch(database: DatabaseSync, epoch: string) {
  database.prepare("insert or replace into meta (key, value) values ('epoch', ?)").run(epoch);
}

/** Numbers that a spool keeps for ever: readouts dropped for want of room, files salvaged. */
export type SpoolTotal = "dropped" | "salvaged";

/** One of the totals; 0 at the beginning. */
export function readTotal(database: DatabaseSync, name: SpoolTotal): number {
  return Number(database.prepare("select value from meta where key = ?").get(name)?.value ?? 0);
}

/** Adds to a total, in the caller's transaction. */
export function addToTotal(database: DatabaseSync, name: SpoolTotal, by: number) {
  database.prepare(
    "insert into meta (key, value) values (?, ?)" +
      " on conflict (key) do update set value = cast(value as integer) + excluded.value",
  ).run(name, String(by));
}

/** The newest sequence number ever given in this file; 0 when none was. */
export function newestGiven(database: DatabaseSync): number {
  return numberOf(database, "select seq from sqlite_sequence where name = 'readouts'") ?? 0;
}

function openFile(path: string): DatabaseSync {
  try {
    return new DatabaseSync(path, { timeout: 5_000 });
  } catch (cause) {
    throw new Error(`Cannot open spool: ${path} (does its folder exist, and may this user write there?)`, { cause });
  }
}

function prepare(database: DatabaseSync, path: string): boolean {
  // WAL with FULL: a commit is on the disk when it returns. NORMAL would lose the newest commits at a power cut.
  const mode = database.prepare("pragma journal_mode = wal").get()?.journal_mode;
  if (mode !== "wal") throw new Error(`Cannot open spool: ${path} is on a file system without a write-ahead log`);
  database.exec("pragma synchronous = full; pragma fullfsync = on; pragma journal_size_limit = 16777216");
  // About 1 MB: on a small disk a longer log would take the room that the file needs to take the log in.
  database.exec("pragma wal_autocheckpoint = 250");
  const version = numberOf(database, "pragma user_version") ?? 0;
  const tables = numberOf(database, "select count(*) from sqlite_schema") ?? 0;
  if (version === 0 && tables === 0) {
    inTransaction(database, () => {
      database.exec(SCHEMA);
      writeEpoch(database, crypto.randomUUID());
      database.exec(`pragma application_id = ${APPLICATION_ID}`);
      writeVersion(database);
    });
    return true;
  }
  refuseStrangers(database, path, version);
  if (isSmall(database)) {
    const found = database.prepare("pragma quick_check(1)").get()?.quick_check;
    if (found !== "ok") throw new DamagedSpool(String(found));
  }
  readEpoch(database);
  migrate(database, version);
  return false;
}

/** Brings an older release's file up to this one, in place: all of it or nothing. */
function migrate(database: DatabaseSync, from: number) {
  if (from === SCHEMA_VERSION) return;
  inTransaction(database, () => {
    for (let version = from; version < SCHEMA_VERSION; version++) database.exec(MIGRATIONS[version] ?? "");
    writeVersion(database);
  });
}

/** Twice: a bit that flips in the file's head must not look like another release. */
function writeVersion(database: DatabaseSync) {
  database.exec(`pragma user_version = ${SCHEMA_VERSION}`);
  database.prepare("insert or replace into meta (key, value) values ('version', ?)").run(String(SCHEMA_VERSION));
}

/** The second place of the version; null in files of the first release and in those of strangers. */
function versionInside(database: DatabaseSync): number | null {
  const isSpool = numberOf(database, "select count(*) from sqlite_schema where name in ('meta', 'readouts')") === 2;
  if (!isSpool) return null;
  const value = database.prepare("select value from meta where key = 'version'").get()?.value;
  return typeof value === "string" ? Number(value) : null;
}

function refuseStrangers(database: DatabaseSync, path: string, version: number) {
  const inside = versionInside(database);
  const stranger = numberOf(database, "pragma application_id") !== APPLICATION_ID;
  if (inside !== null && (stranger || inside !== version)) {
    throw new DamagedSpool("the file's head contradicts what is in it");
  }
  if (stranger) {
    throw new ConfigurationError(`Cannot open spool: ${path} is another program's database; name another file`);
  }
  if (version < 1) throw new DamagedSpool(`the file's version is ${version}`);
  if (version > SCHEMA_VERSION) {
    throw new ConfigurationError(
      `Cannot open spool: ${path} has version ${version}, this release reads ${SCHEMA_VERSION}; ` +
        "start the newer release again, or name another file",
    );
  }
}

/** Whether SQLite says that the file, not the moment, is the trouble. */
export function isDamage(thrown: unknown): boolean {
  if (thrown instanceof DamagedSpool) return true;
  const { errcode, code, message } = Object(thrown) as { errcode?: number; code?: string; message?: string };
  // A number that this program cannot have written.
  if (code === "ERR_OUT_OF_RANGE") return true;
  // `exec` passes on the text alone.
  if (errcode === undefined) return DAMAGED_SCHEMA.test(message ?? "") || /not a database/.test(message ?? "");
  // The upper bytes say which kind.
  const primary = errcode & 0xff;
  return DAMAGE.includes(primary) || (primary === SQLITE_ERROR && DAMAGED_SCHEMA.test(message ?? ""));
}

/** SQLITE_CORRUPT, SQLITE_NOTADB; SQLITE_CONSTRAINT and SQLITE_MISMATCH, as this program keeps every rule of its tables. */
const DAMAGE: readonly number[] = [11, 26, 19, 20];
const SQLITE_ERROR = 1;
/** The tables are kept as text in the file, which can be damaged like any other: then a table or column is missing. */
const DAMAGED_SCHEMA = /malformed|no such (?:table|column)|has no column/;

/** Whether there is no more room: on the disk, or within the size that the spool may have. */
export function isFull(thrown: unknown): boolean {
  const { errcode, message } = Object(thrown) as { errcode?: number; message?: string };
  return errcode !== undefined ? (errcode & 0xff) === 13 : /disk is full/.test(message ?? "");
}

/** Whether it may be for want of room that a file cannot be opened: of what lies beside it SQLite says something else. */
export function isNoRoom(thrown: unknown): boolean {
  const { message, code } = Object(thrown) as { message?: string; code?: string };
  return isFull(thrown) || code === "ENOSPC" || code === "EDQUOT" ||
    /disk I\/O error|unable to open database file/.test(message ?? "");
}
