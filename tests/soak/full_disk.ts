import { createCounts } from "../../gateway/counts.ts";
import { openSpool, type TakenReadout } from "../../gateway/spool.ts";

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

const DISK_BYTES = 12 * 1024 * 1024;

/** A spool on a small file system of its own that others fill up: needs the right to mount one. */
export async function fullDisk({ rounds }: { rounds: number }): Promise<FullDisk> {
  return await onSmallDisk((folder) => {
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
      fill(`${folder}/of-others`);
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
  });
}

/** What starting on a full disk comes to. */
export interface StartOnFullDisk {
  kept: number;
  /** Readouts found again, with the room that was kept for such a moment. */
  found: number;
  /** What is said where not even that is left, and whether it opens once there is room. */
  refusal: string;
  recovered: boolean;
}

/** A gateway is started again after others have filled up its disk. */
export async function startOnFullDisk(): Promise<StartOnFullDisk> {
  return await onSmallDisk((folder) => {
    const path = `${folder}/spool.db`;
    const kept = 50;
    {
      using spool = openSpool(path);
      spool.tend();
      for (let index = 0; index < kept; index++) spool.put(readout(index));
    }
    const count = () => {
      using spool = openSpool(path);
      return spool.peek({ limit: 1_000 }).length;
    };
    fill(`${folder}/of-others`);
    const found = count();
    fill(`${folder}/more-of-others`);
    let refusal = "";
    try {
      count();
    } catch (thrown) {
      refusal = (thrown as Error).message;
    }
    Deno.removeSync(`${folder}/of-others`);
    return { kept, found, refusal, recovered: count() === kept };
  });
}

async function onSmallDisk<T>(body: (folder: string) => T): Promise<T> {
  const folder = await Deno.makeTempDir({ prefix: "mbus_full_disk_" });
  await run("mount", "-t", "tmpfs", "-o", `size=${DISK_BYTES}`, "tmpfs", folder);
  try {
    return body(folder);
  } finally {
    await run("umount", folder);
    await Deno.remove(folder);
  }
}

/** Whether this process may mount a file system. */
export async function mayMount(): Promise<boolean> {
  const folder = await Deno.makeTempDir();
  try {
    await run("mount", "-t", "tmpfs", "tmpfs", folder);
    await run("umount", folder);
    return true;
  } catch {
    return false;
  } finally {
    await Deno.remove(folder);
  }
}

function fill(path: string) {
  using file = Deno.openSync(path, { write: true, create: true });
  const block = new Uint8Array(4096);
  try {
    for (;;) if (file.writeSync(block) < block.length) return;
  } catch {
    // full
  }
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

async function run(command: string, ...args: string[]) {
  const { success, stderr } = await new Deno.Command(command, { args, stderr: "piped" }).output();
  if (!success) throw new Error(`Cannot run ${command} ${args.join(" ")}: ${new TextDecoder().decode(stderr).trim()}`);
}
