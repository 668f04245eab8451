import { abortable } from "@std/async";
import type { BusLine } from "./bus_line.ts";
import { TransportClosed } from "./byte_stream.ts";
import type { Timer } from "./clock.ts";
import type { MeterBus } from "./meter_bus.ts";
import { lentLine, NO_READING, type Passage, type PassingReading } from "./passage.ts";

/**
 * Jobs on a bus beside the scheduled reading: each is done between two meters, and the reading goes on after it, or in
 * the middle of it where the job lets it pass.
 */
export interface BusDesk {
  readonly buses: readonly string[];
  /**
   * Runs `job` with the bus's open master, alone on the line.
   *
   * @throws the signal's reason at once when it aborts, {@linkcode UnknownBus} for a name that is none,
   * {@linkcode BusAway} when the gateway stops, and what the job throws.
   */
  ask<T>(bus: string, job: Job<T>, signal: AbortSignal): Promise<T>;
}

/**
 * Must end soon after its signal aborts; the line is taken from one that does not. One that takes long lets reading
 * pass, where it can be interrupted.
 */
export type Job<T> = (master: MeterBus, signal: AbortSignal, passage: Passage) => Promise<T>;

/** There is no bus of this name. */
export class UnknownBus extends Error {
  override name = "UnknownBus";
}

/** The bus takes no jobs any more: its reading has ended. */
export class BusAway extends Error {
  override name = "BusAway";
}

/** The side of a desk where a bus's loop takes the jobs. */
export interface DeskCounter extends Disposable {
  /** Resolves when a job comes; a new promise after each {@linkcode serve}. */
  readonly knock: Promise<void>;
  /**
   * Does the next job that waits.
   *
   * @param stop takes the line from the job as well.
   * @param reading passes a job that lets it.
   * @returns false when no job waits.
   */
  serve(line: BusLine, stop: AbortSignal, reading?: PassingReading): Promise<boolean>;
}

/** How long a job may take to end once it was told to. */
const GRACE_MS = 500;

interface Waiting {
  signal: AbortSignal;
  /** Never rejects. */
  run: Job<void>;
  refuse(reason: unknown): void;
  /** What the job threw, if it was the line's end. */
  broke: TransportClosed | null;
}

/** A job that has the line, and what reading does to it. */
interface Doing {
  signal: AbortSignal;
  /** The reading that passes the job now, or passed it last. */
  passing: Promise<void>;
  /** What broke the line while reading passed; it has been dropped. */
  lost: TransportClosed | null;
}

/** A desk before these buses; each loop fetches the counter of its own. */
export function busDesk(buses: readonly string[], timer: Timer): BusDesk & { counter(bus: string): DeskCounter } {
  const counters = new Map(buses.map((bus) => [bus, new Counter(bus, timer)]));
  const counterOf = (bus: string) => {
    const counter = counters.get(bus);
    if (counter !== undefined) return counter;
    throw new UnknownBus(`Cannot use bus ${bus}: there is none of this name; there are ${buses.join(", ")}`);
  };
  return {
    buses,
    counter: counterOf,
    async ask<T>(bus: string, job: Job<T>, signal: AbortSignal): Promise<T> {
      const counter = counterOf(bus);
      signal.throwIfAborted();
      const { promise, resolve, reject } = Promise.withResolvers<T>();
      const waiting: Waiting = {
        signal,
        broke: null,
        refuse: reject,
        run: (...given) =>
          job(...given).then(resolve, (thrown) => {
            if (thrown instanceof TransportClosed) waiting.broke = thrown;
            reject(thrown);
          }),
      };
      counter.queue(waiting);
      return await abortable(promise, signal);
    },
  };
}

class Counter implements DeskCounter {
  readonly #bus: string;
  readonly #timer: Timer;
  #waiting: Waiting[] = [];
  #knock = Promise.withResolvers<void>();
  #closed = false;

  constructor(bus: string, timer: Timer) {
    this.#bus = bus;
    this.#timer = timer;
  }

  get knock(): Promise<void> {
    return this.#knock.promise;
  }

  queue(waiting: Waiting) {
    if (this.#closed) return waiting.refuse(this.#away());
    this.#waiting.push(waiting);
    this.#knock.resolve();
  }

  async serve(line: BusLine, stop: AbortSignal, reading = NO_READING): Promise<boolean> {
    this.#waiting = this.#waiting.filter(({ signal }) => !signal.aborted);
    if (this.#waiting.length === 0) {
      this.#knock = Promise.withResolvers();
      return false;
    }
    const master = await line.master();
    const next = this.#waiting.shift();
    if (master === null || next === undefined) {
      next?.refuse(this.#away());
      return master !== null;
    }
    if (next.signal.aborted) return true;
    const signal = AbortSignal.any([next.signal, stop]);
    const doing: Doing = { signal, passing: Promise.resolve(), lost: null };
    const passage = this.#passage(doing, line, reading, (reason) => next.refuse(reason));
    const ended = await this.#endsInTime(next.run(master, signal, passage), doing);
    if (!ended) {
      next.refuse(signal.reason);
      // It may still talk on this line: it is closed under its feet.
      await line.drop();
    } else if (next.broke !== null && doing.lost === null) await line.drop(next.broke);
    return true;
  }

  #passage(doing: Doing, line: BusLine, reading: PassingReading, refuse: (reason: unknown) => void): Passage {
    const lent = lentLine(line, (reason) => {
      doing.lost = reason;
      refuse(reason); // until there is a line again may take a year
    });
    return {
      isWanted: () => reading.isDue(),
      async give() {
        doing.signal.throwIfAborted();
        doing.passing = reading.pass(lent);
        await doing.passing;
        doing.signal.throwIfAborted();
        if (doing.lost !== null) throw doing.lost;
      },
    };
  }

  [Symbol.dispose]() {
    this.#closed = true;
    for (const waiting of this.#waiting.splice(0)) waiting.refuse(this.#away());
  }

  async #endsInTime(running: Promise<void>, doing: Doing): Promise<boolean> {
    const { signal } = doing;
    const told = Promise.withResolvers<false>();
    const over = new AbortController();
    const grace = () => {
      // While reading passes, the job has nothing to end: the meter that is being read is read to its end.
      doing.passing.then(() => this.#timer.sleep(GRACE_MS, over.signal)).then(() => told.resolve(false), () => {});
    };
    if (signal.aborted) grace();
    else signal.addEventListener("abort", grace, { once: true, signal: over.signal });
    try {
      return await Promise.race([running.then(() => true), told.promise]);
    } finally {
      over.abort();
    }
  }

  #away(): BusAway {
    return new BusAway(`Cannot use bus ${this.#bus}: the gateway stops; ask again when it runs`);
  }
}
