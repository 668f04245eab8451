import { createCounts } from "../../gateway/counts.ts";
import { openSpool, type Spool, type TakenReadout } from "../../gateway/spool.ts";
import { smallDisk } from "../fixtures/small_disk.ts";

export interface FullDisk {
  /** Rounds of: the disk fills up, readouts are refused, there is room again. */
  rounds: number;
  taken: number;
  refused: number;
  /** Readouts taken and not found again: must be none. */
  lost: number;
  /** Rounds after which a readout was taken again, without opening anything anew. */
  recovered: number;
}

/** A spool on a small file system of its own that others fill up: needs the right to mount one. */
export async function fullDisk({ rounds }: { rounds: number }): Promise<FullDisk> {
  await using disk = await smallDisk();
  const { folder } = disk;
  const found: FullDisk = { rounds, taken: 0, refused: 0, lost: 0, recovered: 0 };
  using spool = openSpool(`${folder}/spool.db`, { counts: createCounts() });
  spool.tend();
  const kept = new Set<number>();
  const put = () => {
    try {
      for (const seq of spool.put(readout(found.taken))) kept.add(seq);
      found.taken++;
      return true;
    } catch {
      found.refused++;
      return false;
    }
  };
  const release = () => {
    try {
      spool.release([[1, Number.MAX_SAFE_INTEGER]]);
      kept.clear();
    } catch {
      // No room even for that; they stay.
    }
  };
  for (let round = 0; round < rounds; round++) {
    for (let count = 0; count < 100; count++) put();
    disk.fill("of-others");
    for (let count = 0; count < 2_000 && (count < 50 || put()); count++) put();
    const still = new Set(spool.peek({ limit: 1_000_000 }).map(({ seq }) => seq));
    found.lost += [...kept].filter((seq) => !still.has(seq)).length;
    // Every other time the servers' confirmation makes the room, with the disk as full as it is.
    if (round % 2 === 0) Deno.removeSync(`${folder}/of-others`);
    else {
      release();
      Deno.removeSync(`${folder}/of-others`);
    }
    if (put()) found.recovered++;
    release();
  }
  return found;
}

/** What starting on a full disk comes to. */
export interface StartOnFullDisk {
  kept: number;
  /** Readouts found again, with the room that was kept for such a moment. */
  found: number;
  /** Where not even that is left: what is said to who puts something, and what status says. */
  refusal: string;
  unavailable: string;
  /** Readouts that are there, under their numbers, once there is room; and whether the same open spool takes more. */
  foundAgain: number;
  recovered: boolean;
}

/** A gateway is started again after others have filled up its disk. */
export async function startOnFullDisk(): Promise<StartOnFullDisk> {
  await using disk = await smallDisk();
  const path = `${disk.folder}/spool.db`;
  const kept = 50;
  let epoch = "";
  {
    using spool = openSpool(path);
    epoch = spool.epoch;
    spool.tend();
    for (let index = 0; index < kept; index++) spool.put(readout(index));
  }
  const count = (spool: Spool) => spool.peek({ limit: 1_000 }).length;
  disk.fill("of-others");
  let found: number;
  {
    using spool = openSpool(path);
    found = count(spool);
  }
  disk.fill("more-of-others");
  using spool = openSpool(path);
  let refusal = "";
  try {
    spool.put(readout(kept));
  } catch (thrown) {
    refusal = (thrown as Error).message;
  }
  const { unavailable = "" } = spool.status();
  Deno.removeSync(`${disk.folder}/of-others`);
  spool.tend();
  const foundAgain = count(spool);
  const [seq] = spool.put(readout(kept));
  return { kept, found, refusal, unavailable, foundAgain, recovered: seq === kept + 1 && spool.epoch === epoch };
}

function readout(index: number): TakenReadout {
  const frames = [new Uint8Array(200).fill(index)];
  return {
    bus: "main",
    address: "p1",
    readAt: new Date(1_767_225_600_000 + index).toISOString(),
    clock: "trusted",
    frames,
  };
}
