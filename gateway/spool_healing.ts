import type { FramesReadout, Ranges } from "@mbus-gateway/wire";
import type { ClockCorrection } from "./clock_correction.ts";
import type { Counts } from "./counts.ts";
import type { Spool, TakenReadout } from "./spool.ts";
import { type Condition, condition } from "./condition.ts";
import type { SpoolFile, SpoolFileOptions } from "./spool_file.ts";
import { NoRoom, openWithRoom } from "./spool_room.ts";
import type { PeekOptions, SpoolStatus } from "./spool_rows.ts";
import { DamagedSpool } from "./spool_schema.ts";

/** How many readouts are corrected at a time. */
const CORRECT_ROWS = 500;

export interface HealingSpoolParts {
  counts: Counts | undefined;
  correction: ClockCorrection | null;
}

/** What to do in the place of a use of the file. */
interface Otherwise<T> {
  /** After the file had to be replaced; the same as before when absent. */
  healed?: (file: SpoolFile) => T;
  /** While there is no room to open it. */
  closed: (reason: NoRoom) => T;
}

/**
 * A spool that goes on, in a new file under a new epoch, when its file turns out to be damaged. On a disk that is full
 * to the last it begins without its file and tries again at each use: nothing is taken meanwhile, and who puts something
 * is told so. It is not kept in memory instead: taken means on the disk, and what only memory has is gone with the
 * process.
 */
export class HealingSpool implements Spool {
  readonly #options: SpoolFileOptions;
  readonly #parts: HealingSpoolParts;
  /** Null while it cannot be opened. */
  #file: SpoolFile | null = null;
  #epoch: string;
  #damage: DamagedSpool | undefined;
  #disposed = false;
  readonly #room: Condition;

  constructor(options: SpoolFileOptions, parts: HealingSpoolParts) {
    this.#options = options;
    this.#parts = parts;
    this.#room = condition(options.log, "There is room on the disk: the spool is open");
    // Until it is open: what it most likely is, or one that nothing ever has.
    this.#epoch = options.companion.mark?.epoch ?? crypto.randomUUID();
    this.#open();
  }

  get epoch(): string {
    return this.#epoch;
  }

  put(...readouts: TakenReadout[]): number[] {
    if (readouts.length === 0) return [];
    const seqs = this.#with((file) => file.put(readouts), {
      closed({ message }) {
        throw new Error(`Cannot store readouts: nothing of them was taken (${message})`);
      },
    });
    this.#parts.counts?.add("taken", seqs.length);
    for (const [index, { clock }] of readouts.entries()) {
      if (clock === "untrusted") this.#parts.correction?.note(seqs[index] ?? 0);
    }
    return seqs;
  }

  peek(options: PeekOptions): FramesReadout[] {
    // Numbers of the old file mean nothing in the new one.
    return this.#with((file) => file.peek(options), { healed: () => [], closed: () => [] });
  }

  sendable(): number {
    const newest = this.#with((file) => file.newest(), { closed: () => 0 });
    const held = this.#parts.correction?.heldFrom() ?? null;
    return held === null ? newest : Math.min(newest, held - 1);
  }

  release(held: Ranges): number {
    if (held.length === 0) return 0;
    return this.#with((file) => file.release(held), { healed: () => 0, closed: () => 0 });
  }

  park(seq: number, code: string, reason: string) {
    this.#with((file) => file.park(seq, code, reason), { healed: () => {}, closed: () => {} });
  }

  parked(limit: number) {
    return this.#with((file) => file.parked(limit), { closed: () => [] });
  }

  status(): SpoolStatus {
    const nothing = { depth: 0, oldest: null, newest: null, parked: 0, dropped: 0, salvaged: 0 };
    return this.#with<SpoolStatus>((file) => file.status(), {
      closed: ({ message }) => ({ ...nothing, unavailable: message }),
    });
  }

  tend(): boolean {
    const wasOpen = this.#file !== null;
    const tended = this.#with((file) => {
      const span = this.#parts.correction?.next() ?? null;
      if (span === null) return file.tend();
      const last = file.correct(span.first, span.last, span.shiftMs, CORRECT_ROWS);
      this.#parts.correction?.done(last ?? span.last);
      return true;
    }, { closed: () => false });
    return tended || wasOpen !== (this.#file !== null);
  }

  [Symbol.dispose]() {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#file?.[Symbol.dispose]();
    this.#options.companion[Symbol.dispose]();
  }

  #with<T>(body: (file: SpoolFile) => T, { healed = body, closed }: Otherwise<T>): T {
    const file = this.#file;
    if (file !== null) {
      try {
        return body(file);
      } catch (thrown) {
        if (!(thrown instanceof DamagedSpool)) throw thrown;
        this.#damage = thrown;
        this.#file = null;
        file[Symbol.dispose]();
      }
    }
    const opened = this.#open();
    return opened instanceof NoRoom ? closed(opened) : healed(opened);
  }

  #open(): SpoolFile | NoRoom {
    if (this.#disposed) throw new Error("Cannot use the spool: it has been closed");
    try {
      const file = openWithRoom({ ...this.#options, damage: this.#damage });
      this.#room.works();
      this.#damage = undefined;
      this.#parts.correction?.clear();
      this.#file = file;
      this.#epoch = file.epoch;
      return file;
    } catch (thrown) {
      if (!(thrown instanceof NoRoom)) throw thrown;
      this.#room.fails(thrown.message);
      return thrown;
    }
  }
}
