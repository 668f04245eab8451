import { SpoolFile, type SpoolFileOptions } from "./spool_file.ts";
import { spoolBallast } from "./spool_ballast.ts";
import { DamagedSpool, isDamage, isNoRoom } from "./spool_schema.ts";

/** The disk is full to the last: the spool cannot even be opened. It may be tried again. */
export class NoRoom extends Error {
  override name = "NoRoom";
}

/**
 * Opens a spool's file. On a full disk not even one that is there can be opened: then with the room that was kept for
 * such a moment.
 *
 * @throws {NoRoom} when that is used up too.
 */
export function openWithRoom(options: SpoolFileOptions): SpoolFile {
  const { path, elapsed, log } = options;
  try {
    return openOrSalvage(options);
  } catch (thrown) {
    if (!isNoRoom(thrown)) throw thrown;
    if (spoolBallast(path, elapsed).drop()) {
      log.warn("The disk is full: the spool is opened with the room that was kept for that", { error: thrown });
      return openWithRoom(options);
    }
    if (isFullDisk(path)) {
      const text = `Cannot open spool ${path}: the disk is full; make room on it, until then nothing is kept`;
      throw new NoRoom(text, { cause: thrown });
    }
    const why = `${(thrown as Error).message}; see whether its disk can still be written`;
    throw new Error(`Cannot open spool ${path}: ${why}`, { cause: thrown });
  }
}

/** What is damaged in a large file may show only after it was found to be one. */
function openOrSalvage(options: SpoolFileOptions): SpoolFile {
  try {
    return new SpoolFile(options);
  } catch (thrown) {
    if (!isDamage(thrown)) throw thrown;
    const damage = new DamagedSpool(`${options.path}: ${(thrown as Error).message}`, { cause: thrown });
    return new SpoolFile({ ...options, damage });
  }
}

/** More than SQLite needs beside its file to open it. */
const PROBE_BYTES = 256 * 1024;

/**
 * Whether nothing more can be written beside `path`, and for want of room: SQLite says the same of a disk that fails or
 * may not be written, and to wait for those would hide them.
 */
function isFullDisk(path: string): boolean {
  const name = `${path}.probe`;
  try {
    // It may be written in part and say so only with the next piece.
    using file = Deno.openSync(name, { write: true, create: true, truncate: true, mode: 0o600 });
    const bytes = new Uint8Array(PROBE_BYTES);
    for (let written = 0; written < PROBE_BYTES;) written += file.writeSync(bytes.subarray(written));
    return false;
  } catch (thrown) {
    return ["ENOSPC", "EDQUOT"].includes((thrown as { code?: string }).code ?? "");
  } finally {
    removeIfThere(name);
  }
}

function removeIfThere(name: string) {
  try {
    Deno.removeSync(name);
  } catch (thrown) {
    if (!(thrown instanceof Deno.errors.NotFound)) throw thrown;
  }
}
