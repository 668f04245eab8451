import { silentLog } from "@mbus-gateway/resource";
import { availabilityBoard } from "../../gateway/availability.ts";
import { busDesk } from "../../gateway/bus_desk.ts";
import type { BusLine } from "../../gateway/bus_line.ts";
import { BusTurns } from "../../gateway/bus_turns.ts";
import { createCounts } from "../../gateway/counts.ts";
import type { ScanOptions, ScanReport } from "../../gateway/meter_bus.ts";
import { addressOf, NOON, virtualBus, type VirtualBusOptions } from "./virtual_bus.ts";

const never = new AbortController().signal;

export interface ReadingBusOptions {
  intervalMs: number;
  /** How many of the segment's meters are read by schedule: by secondary and by primary addresses in turn. */
  read: number;
  /** Addresses that are read as well, and that nobody has. */
  dead?: string[];
}

/** A segment whose meters are read by a schedule while somebody scans it, all on the line's own time. */
export function readingBus(options: VirtualBusOptions, { intervalMs, read, dead = [] }: ReadingBusOptions) {
  const { bus, line, meters } = virtualBus(options);
  const clock = { now: () => new Date(NOON + line.elapsed()), trusted: () => true };
  const timer = { elapsed: line.elapsed, sleep: async (ms: number) => void await line.read(ms) };
  const addresses = meters.slice(0, read).map((meter, index) =>
    index % 2 === 0 ? addressOf(meter) : `p${meter.identity.primaryAddress}`
  );
  const taken: { address: string; at: number }[] = [];
  const drops: unknown[] = [];
  const busLine: BusLine = {
    master: () => Promise.resolve(bus),
    drop: (reason) => Promise.resolve(void drops.push(reason)),
    works: () => {},
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
  const turns = new BusTurns({
    ...{ gateway: "GW-0001", clock, timer, log: silentLog, counts: createCounts(), board: availabilityBoard() },
    bus: {
      ...{ name: "main", port: "", baudRate: 2400, intervalMs },
      meters: [...dead, ...addresses].map((address) => ({ address })),
    },
    spool: {
      put(...readouts) {
        return readouts.map(({ address }) => taken.push({ address, at: line.elapsed() }));
      },
    },
    line: busLine,
    onTaken: () => {},
    ...{ stop: never, abort: never },
  });
  const desk = busDesk(["main"], timer);
  const counter = desk.counter("main");
  async function scan(options: ScanOptions): Promise<ScanReport> {
    const job = desk.ask("main", (master, signal, passage) => master.scan({ ...options, passage }, signal), never);
    job.catch(() => {});
    await counter.serve(busLine, never, turns);
    return await job;
  }
  return { line, meters, turns, taken, drops, addresses, scan };
}
