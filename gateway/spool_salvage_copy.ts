import { DatabaseSync } from "node:sqlite";
import type { Log } from "@mbus-gateway/resource";
import { ROW_COLUMNS, rowSum, rowValues } from "./spool_codec.ts";
import { damagedRows, type SalvagedRow } from "./spool_salvage_rows.ts";
import { inTransaction, isFull } from "./spool_schema.ts";

/** So many rows are copied, or looked at, in one go: a few milliseconds of a fast computer. */
const STEP_ROWS = 1_000;

/** What one go came to. */
export interface CopyStep {
  /** Rows copied, numbered from the number asked for on. */
  copied: number;
  /** Those of them that are parked. */
  parked: number;
  /** Whether nothing is left to copy. */
  done: boolean;
}

/**
 * Copies what can be read of damaged files into the spool that took their place, beside the reading and the delivery.
 * The rows get new numbers under the new epoch, behind what has been taken since. Some may be committed at a server
 * already: there the same series at the same time is the same reading, so that nothing counts twice; only the telegram
 * is kept a second time.
 *
 * How far it has come is stored with each go: another process goes on from there.
 */
export class SalvageCopy implements Disposable {
  readonly #database: DatabaseSync;
  readonly #log: Log;
  readonly #insert;
  #source: Source | null = null;
  #copied = 0;
  #saidFull = false;

  /** @returns null where nothing is to be copied. */
  static pendingIn(database: DatabaseSync, log: Log): SalvageCopy | null {
    return pendingSalvage(database).length === 0 ? null : new SalvageCopy(database, log);
  }

  private constructor(database: DatabaseSync, log: Log) {
    this.#database = database;
    this.#log = log;
    this.#insert = database.prepare(
      `insert into readouts (${ROW_COLUMNS}, parked_code, parked_reason, sum)` +
        " values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    );
  }

  /** Copies on, the first row under this number. @returns null while there is no room. */
  step(first: number): CopyStep | null {
    const [aside, ...later] = pendingSalvage(this.#database);
    if (aside === undefined) return { copied: 0, parked: 0, done: true };
    try {
      const step = inTransaction(this.#database, () => this.#copySome(aside, later, first));
      this.#copied += step.copied;
      if (step.ended) this.#end(aside);
      return { ...step, done: step.ended && later.length === 0 };
    } catch (thrown) {
      // What was read for this go is read again.
      this.#close();
      if (!isFull(thrown)) throw thrown;
      if (!this.#saidFull) this.#log.error("There is no room yet for all of the damaged spool", { aside });
      this.#saidFull = true;
      return null;
    }
  }

  [Symbol.dispose]() {
    this.#close();
  }

  #copySome(aside: string, later: string[], first: number) {
    const source = this.#source ??= new Source(aside, this.#from());
    let copied = 0;
    let parked = 0;
    let newest = source.newest;
    for (let looked = 0; looked < STEP_ROWS;) {
      const { value: row, done } = source.rows.next();
      if (done) {
        recordSalvage(this.#database, later, 0);
        return { copied, parked, ended: true };
      }
      looked += typeof row === "number" ? row : 1;
      if (typeof row === "number") continue;
      this.#copy(row, first + copied++);
      if (row.parked_code !== null) parked++;
      newest = row.seq;
    }
    source.newest = newest;
    recordSalvage(this.#database, [aside, ...later], newest);
    return { copied, parked, ended: false };
  }

  /** What is not what was written keeps a sum that does not fit, and is parked when it is read. */
  #copy(row: SalvagedRow, seq: number) {
    const copy = { ...row, seq };
    const sum = !row.whole ? 0 : row.sum === null ? null : row.sum === rowSum(row) ? rowSum(copy) : 0;
    this.#insert.run(...rowValues(copy), copy.parked_code, copy.parked_reason, sum);
  }

  /** The newest row that has been copied. */
  #from(): number {
    return Number(this.#database.prepare("select value from meta where key = 'salvaged_to'").get()?.value ?? 0);
  }

  #end(aside: string) {
    this.#close();
    const copied = this.#copied;
    this.#copied = 0;
    this.#log.warn("What could be read of the damaged spool is copied and goes on under the new epoch", {
      aside,
      copied,
    });
  }

  #close() {
    this.#source?.[Symbol.dispose]();
    this.#source = null;
  }
}

/** A damaged file that is being read. */
class Source implements Disposable {
  readonly rows: Generator<SalvagedRow | number>;
  /** The newest row read so far. */
  newest: number;
  readonly #database: DatabaseSync | null;

  constructor(aside: string, from: number) {
    this.newest = from;
    this.#database = openReadable(aside);
    this.rows = damagedRows(this.#database, from);
  }

  [Symbol.dispose]() {
    this.#database?.close();
  }
}

/** A damaged file for reading; null where it cannot even be opened. */
export function openReadable(path: string): DatabaseSync | null {
  try {
    return new DatabaseSync(path, { readOnly: true });
  } catch {
    // The file itself is kept.
    return null;
  }
}

/** The damaged files that are still to be copied into this one, the next one first. */
export function pendingSalvage(database: DatabaseSync): string[] {
  const value = database.prepare("select value from meta where key = 'salvage'").get()?.value;
  return typeof value === "string" ? value.split("\n") : [];
}

/** Remembers what is still to be copied, and up to which row the first of it has been; in the caller's transaction. */
export function recordSalvage(database: DatabaseSync, asides: readonly string[], copiedTo: number) {
  database.exec("delete from meta where key in ('salvage', 'salvaged_to')");
  if (asides.length === 0) return;
  const insert = database.prepare("insert into meta (key, value) values (?, ?)");
  insert.run("salvage", asides.join("\n"));
  insert.run("salvaged_to", String(copiedTo));
}
