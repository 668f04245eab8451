import { abortable } from "@std/async";
import type { AvailabilityBoard } from "./availability.ts";
import type { BusLine } from "./bus_line.ts";
import { TransportClosed } from "./byte_stream.ts";
import { type Condition, condition } from "./condition.ts";
import { MeterError } from "./meter_error.ts";
import { type MeterPatience, meterPatience } from "./meter_patience.ts";
import type { ReadoutLoopOptions } from "./readout_loop.ts";
import type { TakenReadout } from "./spool.ts";
import { type Timetable, timetable } from "./timetable.ts";

export interface BusTurnsOptions extends ReadoutLoopOptions {
  board: AvailabilityBoard;
  line: BusLine;
}

/** How often a line may break over one meter. */
const LINES_A_METER = 2;

/** A dead meter is tried again after this time first, or after its bus's interval where that is shorter. */
const FIRST_PROBE_MS = 60_000;
/** So long the rounds may put off the try of a dead meter. */
const LONGEST_PUT_OFF_MS = 3_600_000;

/** Whose turn it is on a bus: those that are due, in the order in which they came due; between the rounds, the dead. */
export class BusTurns {
  readonly #reading: BusTurnsOptions;
  readonly #timetable: Timetable;
  readonly #patience: MeterPatience;
  /** Those whose time has come, in the order in which it came. */
  readonly #due = new Set<string>();
  /** How each meter did the last time. */
  readonly #meters: ReadonlyMap<string, Condition>;
  readonly #pace: Condition;
  readonly #disk: Condition;
  /** Whether meters came due again before they were read. */
  #isBehind = false;

  constructor(reading: BusTurnsOptions) {
    const { bus, log } = reading;
    this.#reading = reading;
    this.#timetable = timetable(reading);
    this.#meters = new Map(
      bus.meters.map(({ address }) => [address, condition(log.with({ meter: address }), "The meter answers again")]),
    );
    this.#patience = meterPatience({ firstMs: Math.min(FIRST_PROBE_MS, bus.intervalMs ?? FIRST_PROBE_MS) });
    this.#pace = condition(log, "Reading keeps up with the schedule again");
    this.#disk = condition(log, "Readouts are kept again");
  }

  /** When the next meter is due. */
  nextAt(): number {
    return Math.min(this.#timetable.nextAt(), this.#patience.nextProbeAt());
  }

  /** Whether a meter is due. */
  isDue(): boolean {
    return this.#due.size > 0 || this.nextAt() <= this.#reading.timer.elapsed();
  }

  /**
   * Reads those that are due, on a line that somebody lends. Where reading takes all the time there is, that is one
   * meter, or the lender would never get on.
   */
  async pass(lent: BusLine): Promise<void> {
    while (await this.next(lent) === "read") {
      if (this.#isBehind || this.#reading.stop.aborted) return;
    }
  }

  /** Reads the next meter and keeps what it answers. */
  async next(line: BusLine = this.#reading.line): Promise<"read" | "nothing_due"> {
    this.#collect();
    const now = this.#reading.timer.elapsed();
    // Where the rounds take all the time there is, a dead meter has its turn all the same, once an hour.
    const address = this.#patience.probe(now - LONGEST_PUT_OFF_MS) ?? this.#firstDue() ?? this.#patience.probe(now);
    if (address === null) return "nothing_due";
    this.#due.delete(address);
    const { bus, board, clock } = this.#reading;
    if (this.#patience.fullCircle(address)) {
      // A connection that is half open looks the same as meters that are silent; a new one tells them apart.
      await line.drop();
    }
    const readout = await this.#read(address, line, !this.#patience.inRounds(address));
    const readAt = this.#reading.timer.elapsed();
    if (readout === "no_line") return "read";
    if (readout === "silent") {
      this.#patience.failed(address, readAt);
      // Whether it is the meter's fault or the line's may not be known yet: it cannot be read either way.
      board.silent(bus.name, address, clock.now().toISOString());
      return "read";
    }
    this.#patience.answered(address, readAt);
    board.answered(bus.name, address, readout.readAt);
    this.#keep(readout);
    return "read";
  }

  #collect() {
    const due = this.#timetable.take().filter((address) => this.#patience.inRounds(address));
    if (due.length === 0) return;
    const waiting = due.filter((address) => this.#due.has(address)).length;
    this.#isBehind = waiting > 0;
    if (this.#isBehind) this.#pace.fails("Reading all meters takes longer than the interval", { waiting });
    else this.#pace.works();
    for (const address of due) this.#due.add(address);
  }

  #firstDue(): string | null {
    for (const address of this.#due) {
      if (this.#patience.inRounds(address)) return address;
      // It came due again before it was known to be dead.
      this.#due.delete(address);
    }
    return null;
  }

  #keep(readout: TakenReadout) {
    const { spool, counts, onTaken } = this.#reading;
    try {
      spool.put(readout);
    } catch (thrown) {
      counts.fail("not_kept");
      return this.#disk.fails(thrown);
    }
    this.#disk.works();
    onTaken();
  }

  /** @param once whether a single try must do. */
  async #read(address: string, line: BusLine, once: boolean): Promise<TakenReadout | "silent" | "no_line"> {
    const { bus, counts, abort } = this.#reading;
    const { timeoutMs, retries } = bus.meters.find((meter) => meter.address === address) ?? {};
    const own = { timeoutMs, retries: once ? 0 : retries };
    for (let lines = 0; lines < LINES_A_METER; lines++) {
      const master = await line.master();
      if (master === null) return "no_line";
      try {
        const frames = await abortable(master.readMeter(address, abort, own), abort);
        const readout = this.#readoutOf(address, frames);
        line.works();
        this.#meters.get(address)?.works();
        return readout;
      } catch (thrown) {
        if (abort.aborted) return "no_line";
        counts.fail(thrown instanceof MeterError ? thrown.code : "line");
        if (thrown instanceof MeterError) {
          this.#meters.get(address)?.fails(thrown);
          return "silent";
        }
        if (!(thrown instanceof TransportClosed)) throw thrown;
        await line.drop(thrown);
      }
    }
    return "no_line";
  }

  #readoutOf(address: string, frames: Uint8Array[]): TakenReadout {
    const { bus, clock, flagsOf } = this.#reading;
    const now = clock.now();
    const trust = clock.trusted() ? "trusted" : "untrusted";
    const readout: TakenReadout = { bus: bus.name, address, readAt: now.toISOString(), clock: trust, frames };
    const flags = flagsOf?.(address, frames, now.getTime()) ?? [];
    return flags.length === 0 ? readout : { ...readout, flags };
  }
}
