import { exists } from "./exists.ts";

/** Room on the disk that is kept for the moment when there is none: even to let go of readouts takes some. */
export interface Ballast {
  /** Takes the room, where there is some; called again and again. */
  take(): void;
  /** Gives the room back. @returns whether there was any. */
  drop(): boolean;
}

/** What letting go of a full window of large readouts writes, several times over. */
const BALLAST_BYTES = 4 * 1024 * 1024;
const BLOCK_BYTES = 64 * 1024;
/** On a full disk it is tried again after so long. */
const AGAIN_MS = 60_000;

/**
 * A file of zeros beside the spool at `path`.
 *
 * @param elapsed milliseconds on the monotonic timer.
 */
export function spoolBallast(path: string, elapsed: () => number): Ballast {
  const name = `${path}.ballast`;
  let tookAt = -Infinity;
  let taken = false;
  return {
    take() {
      if (taken || elapsed() - tookAt < AGAIN_MS) return;
      tookAt = elapsed();
      taken = isWhole(name) || isWritten(name);
      if (!taken && exists(name)) Deno.removeSync(name);
    },
    drop() {
      if (!exists(name)) return false;
      taken = false;
      tookAt = elapsed();
      Deno.removeSync(name);
      return true;
    },
  };
}

function isWhole(name: string): boolean {
  return exists(name) && Deno.statSync(name).size === BALLAST_BYTES;
}

function isWritten(name: string): boolean {
  const block = new Uint8Array(BLOCK_BYTES);
  try {
    using file = Deno.openSync(name, { write: true, create: true, truncate: true, mode: 0o600 });
    for (let left = BALLAST_BYTES; left > 0;) left -= file.writeSync(block.subarray(0, Math.min(left, block.length)));
    return true;
  } catch {
    // The disk is full: then the room is not to be had now.
    return false;
  }
}
