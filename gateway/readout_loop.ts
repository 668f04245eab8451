import type { Log } from "@mbus-gateway/resource";
import { type BusLine, busLine, type BusLineOptions } from "./bus_line.ts";
import { TransportClosed } from "./byte_stream.ts";
import type { Clock, Timer } from "./clock.ts";
import { type Condition, condition } from "./condition.ts";
import type { BusConfig } from "./config.ts";
import type { Counts } from "./counts.ts";
import { MeterError } from "./meter_error.ts";
import { type MeterPatience, meterPatience } from "./meter_patience.ts";
import { intervalSchedule, stableJitterMs } from "./schedule.ts";
import { DamagedSpool, type Spool, type TakenReadout } from "./spool.ts";

export interface ReadoutLoopOptions {
  gateway: string;
  bus: BusConfig;
  spool: Spool;
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
  open?: BusLineOptions["open"];
  backoff?: BusLineOptions["backoff"];
}

/**
 * Reads the meters of one bus on its schedule, for as long as the gateway runs. One of the two places that catch: a
 * meter, a line or a disk that fails is counted and reported, and the loop goes on.
 *
 * Each readout is committed by itself as soon as it is there. A commit for each round would spare flash, but whatever
 * ends the process would cost up to a round; so it costs at most the one readout that was on the wire.
 *
 * @throws {ConfigurationError} when the port can never be one; {@linkcode DamagedSpool}, which a new start salvages.
 */
export async function readoutLoop(options: ReadoutLoopOptions): Promise<void> {
  const { gateway, bus, spool, counts, timer, stop, onTaken } = options;
  const log = options.log.with({ bus: bus.name });
  await using line = busLine({ ...options, log, signal: stop });
  const patience = meterPatience(bus.intervalMs);
  const meters = new Map(
    bus.meters.map((meter) => [meter, condition(log.with({ meter }), "The meter answers again")]),
  );
  const disk = condition(log, "Readouts are kept again");
  const pace = condition(log, "Reading keeps up with the interval again");
  const jitterMs = stableJitterMs(gateway, bus.name, bus.intervalMs);
  for await (const { missed } of intervalSchedule({ intervalMs: bus.intervalMs, jitterMs, timer, signal: stop })) {
    if (missed > 0) pace.fails("Reading all meters takes longer than the interval", { missed });
    else pace.works();
    for await (const readout of readMeters({ ...options, line, patience, meters })) {
      try {
        spool.put(readout);
        disk.works();
        onTaken();
      } catch (thrown) {
        if (thrown instanceof DamagedSpool) throw thrown;
        counts.add("failed");
        disk.fails(thrown);
      }
    }
  }
}

interface Round extends Pick<ReadoutLoopOptions, "bus" | "counts" | "clock" | "stop" | "abort"> {
  line: BusLine;
  patience: MeterPatience;
  /** How each meter did the last time. */
  meters: ReadonlyMap<string, Condition>;
}

/** One round over the meters of a bus: the readouts of those that answer. */
export async function* readMeters(round: Round): AsyncGenerator<TakenReadout, void> {
  const { bus, clock, line, patience, stop } = round;
  let asked = 0;
  for (const address of bus.meters) {
    if (!patience.asks(address)) continue;
    if (stop.aborted) return;
    asked++;
    const frames = await readMeter(round, address);
    if (frames === null) continue;
    const readAt = clock.now().toISOString();
    yield { bus: bus.name, address, readAt, clock: clock.trusted() ? "trusted" : "untrusted", frames };
  }
  const anyAnswered = patience.endRound();
  // A connection that is half open looks the same as meters that are silent; a new one tells them apart.
  if (asked > 0 && !anyAnswered) await line.drop();
}

/** How often a line may break over one meter in a round. */
const LINES_A_METER = 2;

/** @returns the telegrams of the meter, or null when it could not be read in this round. */
async function readMeter(
  { counts, line, patience, meters, abort }: Round,
  address: string,
): Promise<Uint8Array[] | null> {
  const meter = meters.get(address);
  for (let lines = 0; lines < LINES_A_METER; lines++) {
    const master = await line.master();
    if (master === null) return null;
    try {
      const frames = await master.readMeter(address, abort);
      line.works();
      patience.answered(address);
      meter?.works();
      return frames;
    } catch (thrown) {
      if (abort.aborted) return null;
      counts.add("failed");
      if (thrown instanceof MeterError) {
        patience.failed(address);
        meter?.fails(thrown);
        return null;
      }
      if (!(thrown instanceof TransportClosed)) throw thrown;
      await line.drop(thrown);
    }
  }
  return null;
}
