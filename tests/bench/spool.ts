import { DatabaseSync } from "node:sqlite";
import { openSpool } from "../../gateway/spool.ts";
import { simulatedFrames } from "./simulated_frames.ts";
import { readable, report } from "./report.ts";

const READOUTS = 2_000;
const BATCH = 50;

/** Durable puts, against a bare SQLite table with the same journal settings on the same disk. */
export async function benchSpool(): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "mbus-bench-" });
  try {
    const frames = simulatedFrames(7);
    const taken = Array.from({ length: READOUTS }, (_, index) => ({
      bus: "main",
      address: `p${index % 250}`,
      readAt: new Date(Date.UTC(2026, 0, 1) + index).toISOString(),
      clock: "trusted" as const,
      frames: [frames[index % frames.length] ?? new Uint8Array()],
    }));
    using spool = openSpool(`${folder}/spool.db`);
    const single = perSecond(READOUTS, () => taken.forEach((readout) => spool.put(readout)));
    const batched = perSecond(READOUTS, () => {
      for (let at = 0; at < READOUTS; at += BATCH) spool.put(...taken.slice(at, at + BATCH));
    });
    const bare = bareInserts(`${folder}/bare.db`, taken.map(({ frames: [frame] }) => frame ?? new Uint8Array()));
    report("readouts a second, one a commit", readable(single));
    report(`readouts a second, ${BATCH} a commit`, readable(batched));
    report("baseline: bare SQLite, WAL and synchronous=FULL, one a commit", readable(bare));
    report("ratio: spool / bare SQLite, one a commit", readable(single / bare));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function bareInserts(path: string, frames: Uint8Array[]): number {
  using database = new DatabaseSync(path);
  database.exec(
    "pragma journal_mode=wal; pragma synchronous=full; create table rows (id integer primary key, data blob)",
  );
  const insert = database.prepare("insert into rows (data) values (?)");
  return perSecond(frames.length, () => frames.forEach((frame) => insert.run(frame)));
}

function perSecond(count: number, work: () => void): number {
  const start = performance.now();
  work();
  return count / (performance.now() - start) * 1000;
}
