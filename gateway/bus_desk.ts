import { abortable } from "@std/async";
import type { BusLine } from "./bus_line.ts";
import { TransportClosed } from "./byte_stream.ts";
import type { Timer } from "./clock.ts";
import type { MeterBus } from "./meter_bus.ts";

/** Jobs on a bus beside the scheduled reading: each is done between two meters, and the reading goes on after it. */
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

/** Must end soon after its signal aborts; the line is taken from one that does not. */
export type Job<T> = (master: MeterBus, signal: AbortSignal) => Promise<T>;

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
   * @returns false when no job waits.
   */
  serve(line: BusLine, stop: AbortSignal): Promise<boolean>;
}

/** How long a job may take to end once it was told to. */
const GRACE_MS = 500;

interface Waiting {
  signal: AbortSignal;
  /** Never rejects. */
  run(master: MeterBus, signal: AbortSignal): Promise<void>;
  refuse(reason: unknown): void;
  /** What the job threw, if it was the line's end. */
  broke: TransportClosed | null;
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
        run: (master, jobSignal) =>
          job(master, jobSignal).then(resolve, (thrown) => {
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

  async serve(line: BusLine, stop: AbortSignal): Promise<boolean> {
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
    const ended = await this.#endsInTime(next.run(master, signal), signal);
    if (!ended) {
      next.refuse(signal.reason);
      // It may still talk on this line: it is closed under its feet.
      await line.drop();
    } else if (next.broke !== null) await line.drop(next.broke);
    return true;
  }

  [Symbol.dispose]() {
    this.#closed = true;
    for (const waiting of this.#waiting.splice(0)) waiting.refuse(this.#away());
  }

  async #endsInTime(running: Promise<void>, signal: AbortSignal): Promise<boolean> {
    const told = Promise.withResolvers<false>();
    const over = new AbortController();
    const grace = () => {
      this.#timer.sleep(GRACE_MS, over.signal).then(() => told.resolve(false), () => {});
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
