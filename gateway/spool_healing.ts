import type { FramesReadout, Ranges } from "@mbus-gateway/wire";
import type { ClockCorrection } from "./clock_correction.ts";
import type { Counts } from "./counts.ts";
import type { Spool, TakenReadout } from "./spool.ts";
import { SpoolFile, type SpoolFileOptions } from "./spool_file.ts";
import { spoolBallast } from "./spool_ballast.ts";
import type { PeekOptions } from "./spool_rows.ts";
import { DamagedSpool, isDamage, isNoRoom } from "./spool_schema.ts";

/** How many readouts are corrected at a time. */
const CORRECT_ROWS = 500;

export interface HealingSpoolParts {
  counts: Counts | undefined;
  correction: ClockCorrection | null;
}

/** A spool that goes on, in a new file under a new epoch, when its file turns out to be damaged. */
export class HealingSpool implements Spool {
  readonly #options: SpoolFileOptions;
  readonly #parts: HealingSpoolParts;
  /** Null after a salvage that failed, such as on a full disk: the next use tries again. */
  #file: SpoolFile | null;
  #epoch: string;
  #damage: DamagedSpool | undefined;
  #disposed = false;

  constructor(options: SpoolFileOptions, parts: HealingSpoolParts) {
    this.#options = options;
    this.#parts = parts;
    this.#file = openWithRoom(options);
    this.#epoch = this.#file.epoch;
  }

  get epoch(): string {
    return this.#epoch;
  }

  put(...readouts: TakenReadout[]): number[] {
    if (readouts.length === 0) return [];
    const seqs = this.#with((file) => file.put(readouts));
    this.#parts.counts?.add("taken", seqs.length);
    for (const [index, { clock }] of readouts.entries()) {
      if (clock === "untrusted") this.#parts.correction?.note(seqs[index] ?? 0);
    }
    return seqs;
  }

  peek(options: PeekOptions): FramesReadout[] {
    // Numbers of the old file mean nothing in the new one.
    return this.#with((file) => file.peek(options), () => []);
  }

  sendable(): number {
    const newest = this.#with((file) => file.newest());
    const held = this.#parts.correction?.heldFrom() ?? null;
    return held === null ? newest : Math.min(newest, held - 1);
  }

  release(held: Ranges): number {
    return held.length === 0 ? 0 : this.#with((file) => file.release(held), () => 0);
  }

  park(seq: number, code: string, reason: string) {
    this.#with((file) => file.park(seq, code, reason), () => {});
  }

  parked(limit: number) {
    return this.#with((file) => file.parked(limit));
  }

  status() {
    return this.#with((file) => file.status());
  }

  tend(): boolean {
    return this.#with((file) => {
      const span = this.#parts.correction?.next() ?? null;
      if (span === null) return file.tend();
      const last = file.correct(span.first, span.last, span.shiftMs, CORRECT_ROWS);
      this.#parts.correction?.done(last ?? span.last);
      return true;
    });
  }

  [Symbol.dispose]() {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#file?.[Symbol.dispose]();
    this.#options.companion[Symbol.dispose]();
  }

  /** @param healed what to do in the place of `body` after the file had to be replaced; `body` again when absent. */
  #with<T>(body: (file: SpoolFile) => T, healed: (file: SpoolFile) => T = body): T {
    const file = this.#file;
    if (file === null) return healed(this.#heal());
    try {
      return body(file);
    } catch (thrown) {
      if (!(thrown instanceof DamagedSpool)) throw thrown;
      this.#damage = thrown;
      this.#file = null;
      file[Symbol.dispose]();
      return healed(this.#heal());
    }
  }

  #heal(): SpoolFile {
    if (this.#disposed) throw new Error("Cannot use the spool: it has been closed");
    const file = new SpoolFile({ ...this.#options, damage: this.#damage });
    this.#damage = undefined;
    this.#parts.correction?.clear();
    this.#file = file;
    this.#epoch = file.epoch;
    return file;
  }
}

/** What is damaged in a large file may show only after it was found to be one. */
function openOrSalvage(options: SpoolFileOptions): SpoolFile {
  try {
    return new SpoolFile(options);
  } catch (thrown) {
    if (!isDamage(thrown)) throw thrown;
    const damage = new DamagedSpool(`${options.path}: ${(thrown as Error).message}`, { cause: thrown });
    return new SpoolFile({ ...options, damage });
  }
}

/** On a full disk not even a file that is there can be opened: then with the room that was kept for such a moment. */
function openWithRoom(options: SpoolFileOptions): SpoolFile {
  const { path, elapsed, log } = options;
  try {
    return openOrSalvage(options);
  } catch (thrown) {
    if (!isNoRoom(thrown)) throw thrown;
    if (spoolBallast(path, elapsed).drop()) {
      log.warn("The disk is full: the spool is opened with the room that was kept for that", { error: thrown });
      return openWithRoom(options);
    }
    const why = `${(thrown as Error).message}; make room on its disk, or see whether that can still be written`;
    throw new Error(`Cannot open spool ${path}: ${why}`, { cause: thrown });
  }
}
