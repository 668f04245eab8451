import type { DatabaseSync } from "node:sqlite";
import type { Log } from "@mbus-gateway/resource";
import { RELEASED } from "./clock.ts";
import { addToTotal, inTransaction, numberOf, readTotal } from "./spool_schema.ts";

export interface SpoolThinningOptions {
  maxBytes: number;
  now: () => Date;
  /** Milliseconds on the monotonic timer. */
  elapsed: () => number;
  log: Log;
}

export interface ThinningStep {
  /** How many readouts were looked at; 0 when nothing more can be dropped at present. */
  looked: number;
  dropped: { seq: number; parked: boolean }[];
}

/** The levels of the policy: the parked, then how many digits of an ISO time say the hour, the day, the month. */
const LEVELS = ["parked", 13, 10, 7] as const;

/** Thinning begins when so much of the room is used, and ends when it is no more than that. */
const HIGH_WATER = 0.95;
const LOW_WATER = 0.9;
/** What has been taken lately is not thinned: somebody may be looking at it. */
const LATELY_MS = 86_400_000;
/** After everything was thinned as far as it goes, it is tried again after so long. */
const REST_MS = 3_600_000;

/**
 * What is given up when the room is used up, and nothing before that: first what is parked, which no server wants. Then
 * of each meter all but the first readout of an hour; when that is done everywhere, all but the first of a day; then
 * all but the first of a month. Each time from the newest on backwards, so that the oldest are thinned last, and never
 * the last 24 hours. What is left then is kept, and what no longer fits is not taken. Readouts whose time is not
 * trusted are not thinned: nobody can say which of them lie in one hour.
 *
 * Every readout dropped is counted in the file, in the same transaction.
 */
export class SpoolThinning {
  readonly #database: DatabaseSync;
  readonly #options: SpoolThinningOptions;
  readonly #pages: number;
  #thinning = false;
  #level = 0;
  /** Readouts before this one come next. */
  #cursor = Number.MAX_SAFE_INTEGER;
  /** Of each meter: the oldest readout seen so far, and its hour, day or month. */
  #seen = new Map<string, { seq: number; period: string }>();
  /** When there was nothing more to drop, on the monotonic timer. */
  #restsSince = -Infinity;

  constructor(database: DatabaseSync, options: SpoolThinningOptions) {
    this.#database = database;
    this.#options = options;
    const page = numberOf(database, "pragma page_size") ?? 4096;
    this.#pages = options.maxBytes / page;
  }

  /** Whether the room is nearly used up, or is being made. */
  needed(): boolean {
    const used = (numberOf(this.#database, "pragma page_count") ?? 0) -
      (numberOf(this.#database, "pragma freelist_count") ?? 0);
    if (!this.#thinning && used >= Math.floor(HIGH_WATER * this.#pages)) this.#begin();
    else if (this.#thinning && used <= LOW_WATER * this.#pages) this.#end();
    return this.#thinning && !this.#rests();
  }

  /** Looks at so many readouts, and drops what the policy says. */
  step(limit: number): ThinningStep {
    if (this.#rests()) return { looked: 0, dropped: [] };
    const level = LEVELS[this.#level] ?? "parked";
    const { looked, dropped } = level === "parked" ? this.#oldestParked(limit) : this.#within(level, limit);
    if (dropped.length > 0) this.#drop(dropped.map(({ seq }) => seq));
    if (looked === 0) this.#nextLevel();
    return { looked: Math.max(1, looked), dropped };
  }

  #begin() {
    this.#thinning = true;
    this.#from(0);
    const { maxBytes, log } = this.#options;
    log.warn("The spool is nearly full: readouts are thinned, the newest first", { maxBytes });
  }

  #end() {
    this.#thinning = false;
    this.#restsSince = -Infinity;
    this.#options.log.warn("The spool has room again", { dropped: readTotal(this.#database, "dropped") });
  }

  #rests(): boolean {
    return this.#options.elapsed() - this.#restsSince < REST_MS;
  }

  #oldestParked(limit: number): ThinningStep {
    const rows = this.#database.prepare(
      "select seq from readouts where parked_code is not null order by seq limit ?",
    ).all(limit);
    return { looked: rows.length, dropped: rows.map(({ seq }) => ({ seq: Number(seq), parked: true })) };
  }

  #within(digits: number, limit: number): ThinningStep {
    const rows = this.#database.prepare(
      "select seq, bus, address, coalesce(corrected_read_at, read_at) as read_at," +
        " clock = 'untrusted' and corrected_read_at is null as doubtful" +
        " from readouts where seq < ? and parked_code is null order by seq desc limit ?",
    ).all(this.#cursor, limit);
    const lately = this.#lately();
    const dropped: ThinningStep["dropped"] = [];
    for (const row of rows) {
      const seq = Number(row.seq);
      this.#cursor = seq;
      const readAt = String(row.read_at);
      if (row.doubtful === 1 || readAt > lately) continue;
      const meter = `${row.bus}/${row.address}`;
      const period = readAt.slice(0, digits);
      const newer = this.#seen.get(meter);
      if (newer?.period === period) dropped.push({ seq: newer.seq, parked: false });
      this.#seen.set(meter, { seq, period });
    }
    return { looked: rows.length, dropped };
  }

  /** Up to which time readouts may be thinned; while the clock is obviously wrong, counted from the newest of them. */
  #lately(): string {
    const now = this.#options.now().getTime();
    const newest = () =>
      this.#database.prepare(
        "select read_at from readouts where clock = 'trusted' and parked_code is null order by seq desc limit 1",
      ).get()?.read_at;
    const since = now >= RELEASED.getTime() ? now : Date.parse(String(newest() ?? new Date(now).toISOString()));
    return new Date(since - LATELY_MS).toISOString();
  }

  #drop(seqs: readonly number[]) {
    const remove = this.#database.prepare("delete from readouts where seq = ?");
    inTransaction(this.#database, () => {
      const count = seqs.reduce((sum, seq) => sum + Number(remove.run(seq).changes), 0);
      addToTotal(this.#database, "dropped", count);
    });
  }

  #nextLevel() {
    if (this.#level + 1 < LEVELS.length) return this.#from(this.#level + 1);
    this.#from(0);
    this.#restsSince = this.#options.elapsed();
    this.#options.log.error("The spool is thinned as far as it goes: readouts that do not fit are not taken");
  }

  #from(level: number) {
    this.#level = level;
    this.#cursor = Number.MAX_SAFE_INTEGER;
    this.#seen = new Map();
  }
}
