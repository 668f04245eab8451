import { DatabaseSync } from "node:sqlite";
import { openSpool, type TakenReadout } from "../../gateway/spool.ts";

export interface NinetyDaysOptions {
  /** How many readouts to fill the spool with: 250 meters every 15 minutes make 24,000 a day. */
  readouts: number;
}

/** What it takes to keep a long time without a connection, and to begin with it. */
export interface NinetyDays {
  readouts: number;
  bytes: number;
  bytesPerReadout: number;
  /** From opening the file to the first readout taken. */
  firstTakenMs: number;
  /** The upper bound that the status says before, and the depth that it says after everything was counted. */
  depthAtFirst: number;
  depthCounted: number;
  steps: number;
  longestStepMs: number;
  residentBytes: number;
  /** The same once more, with a page in the middle of the file damaged. */
  damaged: DamagedStart;
}

/** What it takes to begin with a file of that size that is damaged. */
export interface DamagedStart {
  firstTakenMs: number;
  /** Readouts that could not be copied out of the damaged file. */
  lost: number;
  /** Readouts taken while it was copied, and how many of them are there in the end. */
  taken: number;
  found: number;
  steps: number;
  /** The longest that the program was busy at a time, with what was to be read in between. */
  longestStepMs: number;
  seconds: number;
}

const METERS = 250;
const FRAME_BYTES = 100;
const ROUND_MS = 900_000;

/** Fills a spool as ninety days without a connection do, and opens it as a gateway does that starts again. */
export async function ninetyDays({ readouts }: NinetyDaysOptions): Promise<NinetyDays> {
  const folder = await Deno.makeTempDir({ prefix: "mbus_ninety_days_" });
  const path = `${folder}/spool.db`;
  try {
    fill(path, readouts);
    const { size: bytes } = await Deno.stat(path);
    const whole = startWhole(path, readouts);
    damageMiddle(path);
    return { readouts, bytes, bytesPerReadout: bytes / readouts, ...whole, damaged: startDamaged(path, readouts) };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function startWhole(path: string, readouts: number) {
  const before = performance.now();
  using spool = openSpool(path, { maxBytes: 4e9 });
  spool.put(readout(readouts));
  const firstTakenMs = performance.now() - before;
  const { depth: depthAtFirst } = spool.status();
  let steps = 0;
  let longestStepMs = 0;
  for (let more = true; more; steps++) {
    const start = performance.now();
    more = spool.tend();
    longestStepMs = Math.max(longestStepMs, performance.now() - start);
  }
  const { depth: depthCounted } = spool.status();
  return { firstTakenMs, depthAtFirst, depthCounted, steps, longestStepMs, residentBytes: Deno.memoryUsage().rss };
}

/** The damage shows when the file is counted: then it is set aside, and copied while readouts are taken. */
function startDamaged(path: string, readouts: number): DamagedStart {
  const before = performance.now();
  using spool = openSpool(path, { maxBytes: 4e9 });
  const { epoch } = spool;
  spool.put(readout(readouts));
  const firstTakenMs = performance.now() - before;
  let { depth } = spool.status();
  const own: number[] = [];
  let steps = 0;
  let longestStepMs = 0;
  for (let more = true; more; steps++) {
    const start = performance.now();
    more = spool.tend();
    const seqs = spool.put(readout(readouts + steps + 1));
    longestStepMs = Math.max(longestStepMs, performance.now() - start);
    if (spool.epoch === epoch) depth += seqs.length;
    else own.push(...seqs);
  }
  const seconds = (performance.now() - before) / 1000;
  const lost = depth + own.length - spool.status().depth;
  const found = own.filter((seq) => spool.peek({ after: seq - 1, upTo: seq, limit: 1 }).length === 1).length;
  return { firstTakenMs, lost, taken: own.length, found, steps, longestStepMs, seconds };
}

function damageMiddle(path: string) {
  using file = Deno.openSync(path, { read: true, write: true });
  const { size } = file.statSync();
  file.seekSync(Math.floor(size / 4096 / 2) * 4096, Deno.SeekMode.Start);
  file.writeSync(new Uint8Array(4096).fill(0xa5));
}

function fill(path: string, readouts: number) {
  {
    using spool = openSpool(path);
    for (let from = 0; from < readouts; from += 5_000) {
      const count = Math.min(5_000, readouts - from);
      spool.put(...Array.from({ length: count }, (_, index) => readout(from + index)));
    }
  }
  // As after a power cut on a card that was idle: everything is in the file itself.
  using database = new DatabaseSync(path);
  database.exec("pragma wal_checkpoint(truncate)");
}

function readout(index: number): TakenReadout {
  const meter = index % METERS;
  const frame = new Uint8Array(FRAME_BYTES);
  // Bytes of their own, as a meter's counters are.
  for (let at = 0; at < FRAME_BYTES; at++) frame[at] = Math.imul(index + 1, 2654435761) >>> (at % 24);
  return {
    bus: "main",
    address: `1${String(meter).padStart(7, "0")}A5110104`,
    readAt: new Date(Date.UTC(2026, 0, 1) + Math.floor(index / METERS) * ROUND_MS + meter * 500).toISOString(),
    clock: "trusted",
    frames: [frame],
  };
}
