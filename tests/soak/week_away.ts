import { crc32 } from "node:zlib";
import { createCounts } from "../../gateway/counts.ts";
import { createDelivery } from "../../gateway/delivery.ts";
import { openSpool } from "../../gateway/spool.ts";
import { timetable } from "../../gateway/timetable.ts";
import { manualTime } from "../fixtures/manual_time.ts";
import { heatMeterFrame } from "../fixtures/readouts.ts";
import { HoldingServer } from "./holding_server.ts";

export interface WeekAwayOptions {
  days: number;
  meters: number;
  /** How often each meter is read. */
  intervalMs?: number;
}

export interface WeekAway {
  taken: number;
  /** Different readouts that the server holds in the end, and how many came more than once. */
  held: number;
  twice: number;
  /** What came otherwise than it was taken. */
  altered: number;
  left: number;
  /** The longest that the program was busy at a time, in real milliseconds: so late could a meter's turn have been. */
  longestBusyMs: number;
  /** The longest from a reading to the server while the backlog drained, and how long that took, in simulated seconds. */
  liveSeconds: number;
  drainSeconds: number;
  /** The program's memory in use after the first and the last hour of the outage and after the draining. */
  heapBytes: [first: number, last: number, drained: number];
}

const HOUR = 3_600_000;

/** The broker is away for days at full rate, in simulated time, then it is back. */
export async function weekAway({ days, meters, intervalMs = 900_000 }: WeekAwayOptions): Promise<WeekAway> {
  const folder = await Deno.makeTempDir({ prefix: "mbus_week_away_" });
  try {
    const time = manualTime();
    const { clock, timer } = time;
    const counts = createCounts();
    using spool = openSpool(`${folder}/spool.db`, { clock, timer, counts, maxBytes: 4e9 });
    const delivery = createDelivery({ spool, gateway: "GW-0001", counts, clock, timer, random: () => 0.5 });
    /** A sum of each readout taken, by its number: what came otherwise is found by it. */
    const ledger: number[] = [];
    const found: WeekAway = {
      ...{ taken: 0, held: 0, twice: 0, altered: 0, left: 0, longestBusyMs: 0 },
      ...{ liveSeconds: 0, drainSeconds: 0, heapBytes: [0, 0, 0] },
    };
    let backAt = Infinity;
    const server = new HoldingServer({
      onReadout({ seq, address, readAt, frames }) {
        if (ledger[seq] !== sumOf(address, readAt, frames)) found.altered++;
        const age = clock.now().getTime() - Date.parse(readAt);
        if (Date.parse(readAt) >= backAt) found.liveSeconds = Math.max(found.liveSeconds, age / 1000);
      },
    });

    const addresses = Array.from({ length: meters }, (_, index) => ({ address: `p${index + 1}` }));
    const bus = { name: "main", port: "", baudRate: 2400, intervalMs, meters: addresses };
    const table = timetable({ gateway: "GW-0001", bus, clock, timer });
    const read = () => {
      const due = table.take();
      if (due.length === 0) return;
      const readAt = clock.now().toISOString();
      // In one commit: what is shown here is what comes after it.
      const round = due.map((address, index) => {
        const frames = [heatMeterFrame({ energyKwh: found.taken + index, primary: Number(address.slice(1)) })];
        return { bus: "main", address, readAt, clock: "trusted" as const, frames };
      });
      for (const [index, seq] of spool.put(...round).entries()) {
        ledger[seq] = sumOf(due[index] ?? "", readAt, round[index]?.frames ?? []);
        found.taken++;
      }
      delivery.wake();
    };
    const pass = async (ms: number) => {
      for (const end = timer.elapsed() + ms; timer.elapsed() < end;) {
        const start = performance.now();
        read();
        spool.tend();
        await time.pass(Math.min(30_000, end - timer.elapsed(), Math.max(1, table.nextAt() - timer.elapsed())));
        found.longestBusyMs = Math.max(found.longestBusyMs, performance.now() - start);
      }
    };

    const stop = new AbortController();
    let run = delivery.run(server.connect(delivery), stop.signal);
    await pass(HOUR / 2);
    server.cut();
    await run;
    await pass(HOUR);
    found.heapBytes[0] = heapBytes();
    await pass(days * 24 * HOUR - HOUR);
    found.heapBytes[1] = heapBytes();
    backAt = clock.now().getTime();
    const backElapsed = timer.elapsed();
    run = delivery.run(server.connect(delivery), stop.signal);
    while (spool.status().depth > 0 && timer.elapsed() - backElapsed < 24 * HOUR) await pass(10_000);
    found.drainSeconds = (timer.elapsed() - backElapsed) / 1000;
    await pass(HOUR);
    stop.abort();
    await time.pass(10_000);
    await run;
    found.heapBytes[2] = heapBytes();
    found.held = server.arrivals.size;
    found.twice = [...server.arrivals.values()].filter((count) => count > 1).length;
    found.left = spool.status().depth;
    return found;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function sumOf(address: string, readAt: string, frames: readonly Uint8Array[]): number {
  return crc32(`${address} ${readAt} ${frames.map((frame) => frame.toHex()).join()}`);
}

/** After a collection, where the program was started with the right to ask for one. */
function heapBytes(): number {
  (globalThis as { gc?: () => void }).gc?.();
  return Deno.memoryUsage().heapUsed;
}
