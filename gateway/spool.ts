import type { DatabaseSync } from "node:sqlite";
import { type Log, silentLog } from "@mbus-gateway/resource";
import type { FramesReadout, Ranges } from "@mbus-gateway/wire";
import type { Counts } from "./counts.ts";
import { ROW_COLUMNS, rowOf, rowSum, rowValues } from "./spool_codec.ts";
import { type Companion, fileIdentity, openCompanion } from "./spool_companion.ts";
import { settleEpoch } from "./spool_epoch.ts";
import {
  countParked,
  type ParkedReadout,
  type PeekOptions,
  selectParked,
  selectReadouts,
  selectStatus,
  type SpoolStatus,
} from "./spool_rows.ts";
import { connectOrSalvage } from "./spool_salvage.ts";
import { DamagedSpool, inTransaction, isDamage, newestGiven, numberOf } from "./spool_schema.ts";

export { DamagedSpool } from "./spool_schema.ts";
export type { ParkedReadout, PeekOptions, SpoolStatus } from "./spool_rows.ts";

/** All telegrams of one meter's answer, in order, on their way into the spool. */
export interface TakenReadout {
  bus: string;
  /** The address that was asked. */
  address: string;
  /** UTC with milliseconds, when the last byte came. */
  readAt: string;
  clock: "trusted" | "untrusted";
  frames: Uint8Array[];
  /** How strongly a radio telegram came in, in dBm. */
  rssi?: number;
  /** What was noticed about it, such as `implausible_jump`. */
  flags?: string[];
}

/** Keeps each readout on the disk until a server has confirmed it. (gateway, epoch, sequence) names it for ever. */
export interface Spool extends Disposable {
  /** The random id of this file. */
  readonly epoch: string;
  /**
   * Stores readouts in one transaction. They are **taken**, and on the disk, when this returns.
   *
   * @returns their sequence numbers, in order; a number is never given twice.
   * @throws {DamagedSpool} when the file turns out to be damaged: opening it again salvages it.
   * @throws {Error} when none of them was stored: a full disk, a failing card.
   */
  put(...readouts: TakenReadout[]): number[];
  /** The unconfirmed after `after`, oldest first, bounded; the parked are left out. */
  peek(options: PeekOptions): FramesReadout[];
  /**
   * Lets go of what a server holds, the parked too.
   *
   * @param held inclusive ranges; numbers that the spool does not have are passed over.
   * @returns how many readouts it let go of.
   */
  release(held: Ranges): number;
  /** Sets a readout aside with the reason: it is kept and counted, and no longer sent. Unknown numbers are passed over. */
  park(seq: number, code: string, reason: string): void;
  /** The parked, oldest first. */
  parked(limit: number): ParkedReadout[];
  status(): SpoolStatus;
}

export interface SpoolOptions {
  log?: Log;
  /** Where `put` counts the readouts taken. */
  counts?: Counts;
  /** For the name of a damaged file that is set aside. */
  now?: () => Date;
  /** The most bytes of the file; what does not fit is not taken, and `put` says so. Unlimited when absent. */
  maxBytes?: number;
}

/**
 * Opens or creates the spool file at `path` (WAL, `synchronous=FULL`), for this process alone.
 *
 * A damaged file does not stop the gateway: it is set aside, a new spool with a new epoch begins, what can be read is
 * copied, and the log says so. A file that is not the one that was here (a restored backup, a copy) gets a new epoch.
 * Not seen here: a whole disk set back to an earlier image; there the server's quarantine of reused numbers tells.
 *
 * @throws {Error} when another process has it open, or the folder cannot be written.
 * @throws {ConfigurationError} when the file is another program's or a newer release's.
 *
 * @example
 * ```ts
 * import { openSpool } from "./spool.ts";
 * using spool = openSpool(`${Deno.makeTempDirSync()}/spool.db`);
 * const frames = [Uint8Array.of(0xe5)];
 * spool.put({ bus: "main", address: "p5", readAt: "2026-01-31T11:59:58.123Z", clock: "trusted", frames }); // [1]
 * spool.release([[1, 1]]); // 1
 * ```
 */
export function openSpool(path: string, options: SpoolOptions = {}): Spool {
  const { log = silentLog, now = () => new Date() } = options;
  using stack = new DisposableStack();
  const companion = stack.use(openCompanion(path));
  const { database, origin } = stack.use(disposable(connectOrSalvage(path, now(), log)));
  if (options.maxBytes !== undefined) limitSize(database, options.maxBytes);
  const epoch = settleEpoch(path, database, origin, companion, log);
  return spoolOver({
    database,
    companion,
    epoch,
    file: fileIdentity(path),
    counts: options.counts,
    log,
    owned: stack.move(),
  });
}

interface Parts {
  database: DatabaseSync;
  companion: Companion;
  epoch: string;
  file: string;
  counts: Counts | undefined;
  log: Log;
  owned: DisposableStack;
}

function spoolOver({ database, companion, epoch, file, counts, log, owned }: Parts): Spool {
  const insert = database.prepare(
    `insert into readouts (${ROW_COLUMNS}, sum) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  // The number is part of a row's sum, so that it is chosen here; the table's autoincrement remembers it.
  let newest = newestGiven(database);
  const remove = database.prepare("delete from readouts where seq between ? and ?");
  const setParked = database.prepare(
    "update readouts set parked_code = ?, parked_reason = ? where seq = ? and parked_code is null",
  );
  // This process alone writes: one count at the start, kept up, spares a walk through the table at each status.
  let { depth, parked } = selectStatus(database);

  const park = (seq: number, code: string, reason: string) => {
    const changed = orSay("park a readout", () => Number(setParked.run(code, reason, seq).changes));
    depth -= changed;
    parked += changed;
  };
  const peek = (options: PeekOptions): FramesReadout[] => {
    const { readouts, damaged } = orSay("read the spool", () => selectReadouts(database, options));
    for (const seq of damaged) {
      log.warn("Cannot read a readout in the spool: it is parked", { seq });
      park(seq, "damaged", "The spool's row cannot be read");
    }
    // Without the damaged there may be more to see.
    return readouts.length === 0 && damaged.length > 0 ? peek(options) : readouts;
  };
  return {
    epoch,
    put(...readouts) {
      if (readouts.length === 0) return [];
      const seqs = orSay(
        "store readouts: nothing of them was taken",
        () =>
          inTransaction(
            database,
            () =>
              readouts.map((readout, index) => {
                const row = rowOf({ ...readout, seq: newest + index + 1 });
                insert.run(...rowValues(row), rowSum(row));
                return row.seq;
              }),
          ),
      );
      newest += seqs.length;
      depth += seqs.length;
      counts?.add("taken", seqs.length);
      companion.write({ epoch, newest, file });
      return seqs;
    },
    peek,
    release(held) {
      if (held.length === 0) return 0;
      const released = orSay(
        "release readouts: they stay in the spool",
        () =>
          inTransaction(
            database,
            () => held.reduce((sum, [first, last]) => sum + Number(remove.run(first, last).changes), 0),
          ),
      );
      const left = countParked(database);
      depth -= released - (parked - left);
      parked = left;
      return released;
    },
    park,
    parked: (limit) => selectParked(database, limit),
    status: () => ({
      depth,
      oldest: numberOf(database, "select min(seq) from readouts where parked_code is null"),
      newest: numberOf(database, "select max(seq) from readouts where parked_code is null"),
      parked,
    }),
    [Symbol.dispose]: () => owned.dispose(),
  };
}

/** Makes a failure of SQLite a sentence. */
function orSay<T>(what: string, body: () => T): T {
  try {
    return body();
  } catch (cause) {
    const text = `Cannot ${what} (${(cause as Error).message})`;
    if (isDamage(cause)) throw new DamagedSpool(`${text}; start again, which sets the damaged file aside`, { cause });
    throw new Error(text, { cause });
  }
}

function limitSize(database: DatabaseSync, maxBytes: number) {
  const page = numberOf(database, "pragma page_size") ?? 4096;
  database.exec(`pragma max_page_count = ${Math.max(1, Math.floor(maxBytes / page))}`);
}

function disposable<T extends { database: DatabaseSync }>(connected: T): T & Disposable {
  return { ...connected, [Symbol.dispose]: () => connected.database.close() };
}
