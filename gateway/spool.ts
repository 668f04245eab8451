import { type Log, silentLog } from "@mbus-gateway/resource";
import type { FramesReadout, Ranges } from "@mbus-gateway/wire";
import { type Clock, systemTimer, type Timer } from "./clock.ts";
import { clockCorrection } from "./clock_correction.ts";
import type { Counts } from "./counts.ts";
import { openCompanion } from "./spool_companion.ts";
import { HealingSpool } from "./spool_healing.ts";
import type { ParkedReadout, PeekOptions, SpoolStatus } from "./spool_rows.ts";

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
  /**
   * The random id of this file. Another one means another file: the one before was found damaged while it was in use,
   * and was set aside and salvaged; what was read from it before has other numbers now.
   */
  readonly epoch: string;
  /**
   * Stores readouts in one transaction. They are **taken**, and on the disk, when this returns.
   *
   * @returns their sequence numbers, in order; a number is never given twice.
   * @throws {Error} when none of them was stored: a full disk, a failing card. It may be tried again.
   */
  put(...readouts: TakenReadout[]): number[];
  /** The unconfirmed after `after`, oldest first, bounded; the parked are left out. */
  peek(options: PeekOptions): FramesReadout[];
  /** The newest number that may be sent at present; 0 when there is none. Later ones still wait for the true time. */
  sendable(): number;
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
  /** Right after the start with a large file, `depth` is an upper bound until {@linkcode tend} has counted. */
  status(): SpoolStatus;
  /**
   * Does a little, a few milliseconds long, of what has time: counts a large file, copies what could be saved of a
   * damaged one, corrects the times of readouts once the clock is trusted, makes room.
   *
   * @returns whether something was done, so that there may be more to do, and to send.
   */
  tend(): boolean;
}

export interface SpoolOptions {
  log?: Log;
  /** Where `put` counts the readouts taken. */
  counts?: Counts;
  /** When readouts of an untrusted clock are to be corrected once it is trusted. They wait a day for it. */
  clock?: Clock;
  timer?: Timer;
  /** For the name of a damaged file that is set aside. */
  now?: () => Date;
  /** The most bytes of the file: {@linkcode SpoolThinning} says what gives way. Unlimited when absent. */
  maxBytes?: number;
}

/**
 * Opens or creates the spool file at `path` (WAL, `synchronous=FULL`), for this process alone.
 *
 * A damaged file stops nothing, neither now nor when it is found later: it is set aside, a new spool with a new epoch
 * begins, what can be read is copied bit by bit ({@linkcode Spool.tend}), and log and status say so. A file that is not
 * the one that was here (a restored backup, a copy) gets a new epoch. Not seen here: a whole disk set back to an earlier
 * image; there the server's quarantine of reused numbers tells.
 *
 * On a full disk it goes on without its file until there is room: {@linkcode Spool.put} throws, all else is as of an
 * empty spool.
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
  const { log = silentLog, clock, timer = systemTimer, maxBytes, counts } = options;
  const now = options.now ?? clock?.now ?? (() => new Date());
  const correction = clock === undefined ? null : clockCorrection(clock, timer);
  using stack = new DisposableStack();
  const companion = stack.use(openCompanion(path));
  const file = { path, companion, log, now, elapsed: () => timer.elapsed(), maxBytes };
  const spool = new HealingSpool(file, { counts, correction });
  stack.move();
  return spool;
}
