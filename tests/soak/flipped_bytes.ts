import { createCounts } from "../../gateway/counts.ts";
import { createDelivery } from "../../gateway/delivery.ts";
import { openSpool, type Spool } from "../../gateway/spool.ts";
import { spoolCare } from "../../gateway/spool_care.ts";
import { silentLog } from "@mbus-gateway/resource";
import { manualTime } from "../fixtures/manual_time.ts";
import { heatMeterFrame } from "../fixtures/readouts.ts";
import { randomSequence } from "../simulator/noise.ts";
import { HoldingServer } from "./holding_server.ts";

export interface FlippedBytesOptions {
  /** How often bytes are flipped in a file of its own. */
  rounds: number;
  readouts: number;
  seed: number;
}

export interface FlippedBytes {
  rounds: number;
  taken: number;
  /** Readouts that reached the server as they were taken, under whatever number. */
  arrived: number;
  /** What reached the server otherwise than it was taken: must be none. */
  altered: number;
  /** Rows found damaged and parked, and files found damaged and salvaged. */
  parked: number;
  salvaged: number;
  /** Rounds after which the spool took and delivered nothing new: must be none. */
  stuck: number;
}

/**
 * Flips random bytes in the file of a spool, half the time while it is in use, and delivers what is left: nothing false
 * arrives, and the gateway goes on.
 */
export async function flippedBytes({ rounds, readouts, seed }: FlippedBytesOptions): Promise<FlippedBytes> {
  const random = randomSequence(seed);
  const found: FlippedBytes = { rounds, taken: 0, arrived: 0, altered: 0, parked: 0, salvaged: 0, stuck: 0 };
  for (let round = 0; round < rounds; round++) await flipOnce(found, readouts, random);
  return found;
}

async function flipOnce(found: FlippedBytes, readouts: number, random: () => number) {
  const folder = await Deno.makeTempDir({ prefix: "mbus_flips_" });
  try {
    const path = `${folder}/spool.db`;
    const time = manualTime();
    const known = new Set<string>();
    const arrived = new Set<string>();
    const take = (spool: Spool, count: number) => {
      const round = Array.from({ length: count }, () => {
        const address = `p${known.size % 250}`;
        const readAt = new Date(Date.UTC(2026, 0, 1) + known.size * 1_000).toISOString();
        const frames = [heatMeterFrame({ energyKwh: known.size })];
        known.add(nameOf({ address, readAt, frames }));
        return { bus: "main", address, readAt, clock: "trusted" as const, frames };
      });
      found.taken += spool.put(...round).length;
    };
    {
      using spool = openSpool(path);
      take(spool, readouts);
    }
    const inUse = random() < 0.5;
    if (!inUse) flip(path, random);
    using spool = openSpool(path, { ...time });
    if (inUse) flip(path, random);
    const counts = createCounts();
    const delivery = createDelivery({ spool, gateway: "GW-0001", counts, ...time, random });
    const server = new HoldingServer({
      onReadout(readout) {
        const name = nameOf(readout);
        if (!known.has(name)) found.altered++;
        arrived.add(name);
      },
    });
    const stop = new AbortController();
    const run = delivery.run(server.connect(delivery), stop.signal);
    const onDone = () => delivery.wake();
    const care = spoolCare({ spool, timer: time.timer, log: silentLog, signal: stop.signal, onDone });
    await time.pass(600_000);
    const before = arrived.size;
    take(spool, 3);
    delivery.wake();
    await time.pass(600_000);
    if (arrived.size < before + 3) found.stuck++;
    stop.abort();
    await time.pass(60_000);
    await Promise.all([run, care]);
    found.arrived += arrived.size;
    found.parked += spool.status().parked;
    found.salvaged += spool.status().salvaged;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Up to eight bytes, anywhere in the file. */
function flip(path: string, random: () => number) {
  using file = Deno.openSync(path, { read: true, write: true });
  const { size } = file.statSync();
  for (let flips = 1 + Math.floor(random() * 8); flips > 0; flips--) {
    const at = Math.floor(random() * size);
    const byte = new Uint8Array(1);
    file.seekSync(at, Deno.SeekMode.Start);
    file.readSync(byte);
    byte[0] = (byte[0] ?? 0) ^ (1 << Math.floor(random() * 8));
    file.seekSync(at, Deno.SeekMode.Start);
    file.writeSync(byte);
  }
}

function nameOf({ address, readAt, frames }: { address: string; readAt: string; frames: Uint8Array[] }): string {
  return `${address} ${readAt} ${frames.map((frame) => frame.toHex()).join()}`;
}
