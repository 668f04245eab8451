import type { DatabaseSync } from "node:sqlite";
import { countParked, type SpoolStatus } from "./spool_rows.ts";
import { isSmall, numberOf } from "./spool_schema.ts";

/** How many rows are counted at a time. */
const WALK_ROWS = 2_000;

/**
 * How many readouts a spool holds, kept up by what this process does: it alone writes. To count millions of rows takes
 * as long as reading them from a slow card, so that a large file is walked through after the start; until that is done
 * the depth is an upper bound. The walk reads every row, and so finds a damaged page before it is needed.
 */
export class SpoolCount {
  readonly #database: DatabaseSync;
  /** Rows up to `#counted`, and those after `#end`, are in the depth; those in between wait to be counted. */
  #counted = 0;
  readonly #end: number;
  #depth = 0;
  #parked: number;
  readonly #removeUnparked;
  readonly #removeParked;

  constructor(database: DatabaseSync, newest: number) {
    this.#database = database;
    this.#end = newest;
    this.#parked = countParked(database);
    this.#removeUnparked = database.prepare("delete from readouts where seq between ? and ? and parked_code is null");
    this.#removeParked = database.prepare("delete from readouts where seq between ? and ? and parked_code is not null");
    if (!isSmall(database)) return;
    this.#depth = numberOf(database, "select count(*) from readouts where parked_code is null") ?? 0;
    this.#counted = newest;
  }

  /** Counts on. @returns whether there is more to count. */
  walk(): boolean {
    if (this.#counted >= this.#end) return false;
    const row = this.#database.prepare(
      "select count(*) as rows, max(seq) as last, sum(parked_code is null) as depth, sum(length(frames)) as bytes" +
        " from (select seq, parked_code, frames from readouts where seq > ? and seq <= ? order by seq limit ?)",
    ).get(this.#counted, this.#end, WALK_ROWS) ?? {};
    this.#depth += Number(row.depth ?? 0);
    this.#counted = Number(row.rows) < WALK_ROWS ? this.#end : Number(row.last);
    return this.#counted < this.#end;
  }

  /** These were stored behind all that were there. */
  added(unparked: number, parked = 0) {
    this.#depth += unparked;
    this.#parked += parked;
  }

  parked(seq: number) {
    this.#parked++;
    if (this.#isCounted(seq)) this.#depth--;
  }

  dropped(seq: number, parked: boolean) {
    if (parked) this.#parked--;
    else if (this.#isCounted(seq)) this.#depth--;
  }

  /** Runs a transaction that calls {@linkcode remove}; what that changed is taken back when it fails. */
  removing<T>(body: () => T): T {
    const before = [this.#depth, this.#parked] as const;
    try {
      return body();
    } catch (thrown) {
      [this.#depth, this.#parked] = before;
      throw thrown;
    }
  }

  /** Deletes the rows from `first` to `last`. @returns how many there were. */
  remove(first: number, last: number): number {
    const parts = [
      [first, Math.min(last, this.#counted), true],
      [Math.max(first, this.#counted + 1), Math.min(last, this.#end), false],
      [Math.max(first, this.#end + 1), last, true],
    ] as const;
    let removed = 0;
    for (const [from, to, counted] of parts) {
      if (from > to) continue;
      const unparked = Number(this.#removeUnparked.run(from, to).changes);
      const parked = this.#parked === 0 ? 0 : Number(this.#removeParked.run(from, to).changes);
      if (counted) this.#depth -= unparked;
      this.#parked -= parked;
      removed += unparked + parked;
    }
    return removed;
  }

  status(): Pick<SpoolStatus, "depth" | "oldest" | "newest" | "parked"> {
    const oldest = numberOf(this.#database, "select min(seq) from readouts where parked_code is null");
    const newest = numberOf(this.#database, "select max(seq) from readouts where parked_code is null");
    const uncounted = oldest === null ? 0 : Math.max(0, this.#end - Math.max(this.#counted, oldest - 1));
    return { depth: this.#depth + uncounted, oldest, newest, parked: this.#parked };
  }

  #isCounted(seq: number): boolean {
    return seq <= this.#counted || seq > this.#end;
  }
}
