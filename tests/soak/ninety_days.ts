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
    return {
      readouts,
      bytes,
      bytesPerReadout: bytes / readouts,
      firstTakenMs,
      depthAtFirst,
      depthCounted: spool.status().depth,
      steps,
      longestStepMs,
      residentBytes: Deno.memoryUsage().rss,
    };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
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
