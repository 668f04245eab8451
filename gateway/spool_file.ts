import type { DatabaseSync } from "node:sqlite";
import type { Log } from "@mbus-gateway/resource";
import type { FramesReadout, Ranges } from "@mbus-gateway/wire";
import { type Ballast, spoolBallast } from "./spool_ballast.ts";
import { ROW_COLUMNS, rowOf, rowSum, rowValues } from "./spool_codec.ts";
import { type Companion, fileIdentity } from "./spool_companion.ts";
import { SpoolCount } from "./spool_count.ts";
import { settleEpoch } from "./spool_epoch.ts";
import { type ParkedReadout, type PeekOptions, selectParked, selectReadouts, type SpoolStatus } from "./spool_rows.ts";
import { connectOrSetAside } from "./spool_salvage.ts";
import { SalvageCopy } from "./spool_salvage_copy.ts";
import { DamagedSpool, inTransaction, isDamage, isFull, newestGiven, numberOf, readTotal } from "./spool_schema.ts";
import { SpoolThinning } from "./spool_thinning.ts";
import type { TakenReadout } from "./spool.ts";

export interface SpoolFileOptions {
  path: string;
  companion: Companion;
  log: Log;
  now: () => Date;
  /** Milliseconds on the monotonic timer. */
  elapsed: () => number;
  maxBytes: number | undefined;
  /** Why the file at `path` cannot be used: it is set aside, and copied from. */
  damage?: DamagedSpool;
}

/** How many readouts may be looked at for thinning while one waits to be stored. */
const THIN_ROWS = 2_000;
/** How often that is done over before the readout is not taken. */
const THIN_TRIES = 50;

/** One open file of a spool. Every method throws {@linkcode DamagedSpool} when SQLite finds the file damaged. */
export class SpoolFile implements Disposable {
  readonly epoch: string;
  readonly #options: SpoolFileOptions;
  readonly #database: DatabaseSync;
  readonly #identity: string;
  readonly #count: SpoolCount;
  readonly #thinning: SpoolThinning | null;
  readonly #ballast: Ballast;
  /** What is still to be copied from a damaged file. */
  #salvage: SalvageCopy | null;
  readonly #insert;
  readonly #park;
  /** The newest number ever given. It is part of a row's sum, so that it is chosen here. */
  #newest: number;

  constructor(options: SpoolFileOptions) {
    const { path, companion, log, now, elapsed, maxBytes, damage } = options;
    this.#options = options;
    const { database, origin } = connectOrSetAside(path, now(), log, damage);
    using stack = new DisposableStack();
    stack.defer(() => database.close());
    if (maxBytes !== undefined) limitSize(database, maxBytes);
    this.#database = database;
    this.epoch = settleEpoch(path, database, origin, companion, log);
    this.#identity = fileIdentity(path);
    this.#newest = newestGiven(database);
    this.#count = new SpoolCount(database, this.#newest);
    this.#thinning = maxBytes === undefined ? null : new SpoolThinning(database, { maxBytes, now, elapsed, log });
    this.#ballast = spoolBallast(path, elapsed);
    this.#insert = database.prepare(
      `insert into readouts (${ROW_COLUMNS}, sum) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    this.#park = database.prepare(
      "update readouts set parked_code = ?, parked_reason = ? where seq = ? and parked_code is null",
    );
    this.#salvage = stack.use(SalvageCopy.pendingIn(database, log));
    // The beginning at once: of a small file that is all.
    this.#salvageSome();
    stack.move();
  }

  put(readouts: readonly TakenReadout[]): number[] {
    const seqs = this.#orSay("store readouts: nothing of them was taken", () => {
      this.#makeRoom();
      for (let tries = 0;; tries++) {
        try {
          return this.#orShortenLog(() => inTransaction(this.#database, () => this.#insertAll(readouts)));
        } catch (thrown) {
          if (!isFull(thrown) || tries >= THIN_TRIES || this.#thin() === 0) throw thrown;
        }
      }
    });
    this.#stored(seqs.length);
    return seqs;
  }

  peek(options: PeekOptions): FramesReadout[] {
    for (;;) {
      const { readouts, damaged } = this.#orSay("read the spool", () => selectReadouts(this.#database, options));
      for (const seq of damaged) {
        this.#options.log.warn("Cannot read a readout in the spool: it is parked", { seq });
        this.park(seq, "damaged", "The spool's row is not what was written");
      }
      // Without the damaged there may be more to see.
      if (readouts.length > 0 || damaged.length === 0) return readouts;
    }
  }

  release(held: Ranges): number {
    const remove = () =>
      this.#count.removing(() =>
        inTransaction(this.#database, () => {
          return held.reduce((sum, [first, last]) => sum + this.#count.remove(first, last), 0);
        })
      );
    return this.#orSay("release readouts: they stay in the spool", () => {
      try {
        return this.#orShortenLog(remove);
      } catch (thrown) {
        if (!isFull(thrown) || !this.#ballast.drop()) throw thrown;
        return this.#orShortenLog(remove);
      }
    });
  }

  park(seq: number, code: string, reason: string) {
    const changed = this.#orSay("park a readout", () => Number(this.#park.run(code, reason, seq).changes));
    if (changed > 0) this.#count.parked(seq);
  }

  parked(limit: number): ParkedReadout[] {
    return this.#orSay("read the spool", () => selectParked(this.#database, limit));
  }

  status(): SpoolStatus {
    return this.#orSay("read the spool", () => ({
      ...this.#count.status(),
      dropped: readTotal(this.#database, "dropped"),
      salvaged: readTotal(this.#database, "salvaged"),
    }));
  }

  /** The newest number that is not parked; 0 when there is none. */
  newest(): number {
    return this.#orSay(
      "read the spool",
      () => numberOf(this.#database, "select max(seq) from readouts where parked_code is null") ?? 0,
    );
  }

  /** Says what the time of the readouts in between really was, a few at a time. @returns the last one, null if none. */
  correct(first: number, last: number, shiftMs: number, limit: number): number | null {
    return this.#orSay("correct the time of readouts", () => {
      const rows = this.#database.prepare(
        `select ${ROW_COLUMNS} from readouts where seq between ? and ? and clock = 'untrusted'` +
          " and corrected_read_at is null order by seq limit ?",
      ).all(first, last, limit) as unknown as ReturnType<typeof rowOf>[];
      const update = this.#database.prepare("update readouts set corrected_read_at = ?, sum = ? where seq = ?");
      inTransaction(this.#database, () => {
        for (const row of rows) {
          const corrected = { ...row, corrected_read_at: new Date(Date.parse(row.read_at) + shiftMs).toISOString() };
          update.run(corrected.corrected_read_at, rowSum(corrected), row.seq);
        }
      });
      return rows.at(-1)?.seq ?? null;
    });
  }

  /** A little of what has time: counting, making room, copying. @returns whether there is more of it. */
  tend(): boolean {
    return this.#orSay("look through the spool", () => {
      this.#ballast.take();
      const counting = this.#count.walk();
      const full = this.#thinning?.needed() === true && this.#thin() > 0;
      return this.#salvageSome() || counting || full;
    });
  }

  [Symbol.dispose]() {
    this.#salvage?.[Symbol.dispose]();
    this.#database.close();
  }

  /** Copies a little of what could be saved. @returns whether there was something; not while there is no room. */
  #salvageSome(): boolean {
    const step = this.#salvage?.step(this.#newest + 1) ?? null;
    if (step === null) return false;
    this.#stored(step.copied - step.parked, step.parked);
    if (step.done) this.#salvage = null;
    return step.copied > 0 || !step.done;
  }

  #stored(unparked: number, parked = 0) {
    this.#newest += unparked + parked;
    this.#count.added(unparked, parked);
    this.#options.companion.write({ epoch: this.epoch, newest: this.#newest, file: this.#identity });
  }

  #insertAll(readouts: readonly TakenReadout[]): number[] {
    return readouts.map((readout, index) => {
      const row = rowOf({ ...readout, seq: this.#newest + index + 1 });
      this.#insert.run(...rowValues(row), rowSum(row));
      return row.seq;
    });
  }

  #makeRoom() {
    if (this.#thinning?.needed()) this.#thin();
  }

  /** @returns how many readouts were looked at. */
  #thin(): number {
    if (this.#thinning === null) return 0;
    const { looked, dropped } = this.#thinning.step(THIN_ROWS);
    for (const { seq, parked } of dropped) this.#count.dropped(seq, parked);
    return looked;
  }

  /** On a full disk the write-ahead log may be what has no room to grow: it is moved into the file, and begins anew. */
  #orShortenLog<T>(body: () => T): T {
    try {
      return body();
    } catch (thrown) {
      if (!isFull(thrown)) throw thrown;
      this.#database.exec("pragma wal_checkpoint(truncate)");
      return body();
    }
  }

  /** Makes a failure of SQLite a sentence. */
  #orSay<T>(what: string, body: () => T): T {
    try {
      return body();
    } catch (cause) {
      const text = `Cannot ${what} (${(cause as Error).message})`;
      throw isDamage(cause) ? new DamagedSpool(text, { cause }) : new Error(text, { cause });
    }
  }
}

function limitSize(database: DatabaseSync, maxBytes: number) {
  const page = numberOf(database, "pragma page_size") ?? 4096;
  database.exec(`pragma max_page_count = ${Math.max(1, Math.floor(maxBytes / page))}`);
}
