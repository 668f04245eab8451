import type { Log } from "@mbus-gateway/resource";
import { type AvailabilityBoard, availabilityBoard } from "./availability.ts";
import { busDesk, type DeskCounter } from "./bus_desk.ts";
import { busLine, type BusLineOptions } from "./bus_line.ts";
import { BusTurns } from "./bus_turns.ts";
import type { Clock, Timer } from "./clock.ts";
import type { BusConfig } from "./config.ts";
import type { Counts } from "./counts.ts";
import { beatingTimer, type Pulse } from "./pulse.ts";
import type { Spool } from "./spool.ts";

export interface ReadoutLoopOptions {
  gateway: string;
  bus: BusConfig;
  spool: Pick<Spool, "put">;
  counts: Counts;
  clock: Clock;
  timer: Timer;
  log: Log;
  /** Called after each readout that was taken. */
  onTaken: () => void;
  /** Ends the loop after the meter that is being read. */
  stop: AbortSignal;
  /** Ends it at once. */
  abort: AbortSignal;
  /** Where others put jobs for this bus. */
  counter?: DeskCounter;
  /** Is told how the meters do. */
  board?: AvailabilityBoard;
  /** What is to be said of a readout beside it, such as `implausible_jump`; `readAtMs` is the gateway's clock. */
  flagsOf?: (address: string, frames: Uint8Array[], readAtMs: number) => string[];
  pulse?: Pulse;
  /** Whether every meter is read once at the beginning, whatever its schedule says. */
  atOnce?: boolean;
  open?: BusLineOptions["open"];
  backoff?: BusLineOptions["backoff"];
}

/** The loop turns at least this often while it has nothing to do, so that its pulse is felt. */
const IDLE_TURN_MS = 5_000;
/** A line that is away for longer is no adapter that is just being plugged in: its meters are offline. */
const MISSING_MS = 60_000;

/**
 * Reads the meters of one bus, each at its time, for as long as the gateway runs. Between two meters it does the jobs
 * of the desk, and in the middle of a long one it reads on; when no meter is due it tries a dead one. One of the two places that catch: a meter, a line or a disk
 * that fails is counted and reported, and the loop goes on.
 *
 * Each readout is committed by itself as soon as it is there. A commit for each round would spare flash, but whatever
 * ends the process would cost up to a round; so it costs at most the one readout that was on the wire.
 *
 * @throws {ConfigurationError} when the port can never be one.
 */
export async function readoutLoop(options: ReadoutLoopOptions): Promise<void> {
  const { bus, clock, timer, stop, pulse, board = availabilityBoard() } = options;
  const beat = () => pulse?.beat(`bus ${bus.name}`);
  const log = options.log.with({ bus: bus.name });
  using counter = options.counter ?? busDesk([bus.name], timer).counter(bus.name);
  // An adapter that is missing for a year is waited for, and is no reason to start again.
  const waiting = beatingTimer(timer, beat, IDLE_TURN_MS);
  const onMissing = (forMs: number) => {
    if (forMs < MISSING_MS) return;
    const now = clock.now().toISOString();
    for (const { address } of bus.meters) board.silent(bus.name, address, now);
  };
  await using line = busLine({ ...options, timer: waiting, log, signal: stop, onMissing });
  const turns = new BusTurns({ ...options, board, log, line });
  while (!stop.aborted) {
    beat();
    if (await counter.serve(line, stop, turns)) continue;
    if (await turns.next() === "nothing_due") await rest(turns.nextAt(), counter, timer, stop);
  }
}

/** Until something is due, a job comes or the loop must end, but not for long at a time. */
async function rest(until: number, counter: DeskCounter, timer: Timer, stop: AbortSignal) {
  const over = new AbortController();
  const signal = AbortSignal.any([stop, over.signal]);
  const ms = Math.max(0, Math.min(IDLE_TURN_MS, until - timer.elapsed()));
  const slept = timer.sleep(ms, signal).catch((thrown) => {
    if (!signal.aborted) throw thrown;
  });
  await Promise.race([slept, counter.knock]);
  over.abort();
}
