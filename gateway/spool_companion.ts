/** What the companion file remembers of the spool file beside it. */
export interface Mark {
  epoch: string;
  /** The newest sequence number that was given in this epoch. */
  newest: number;
  /** The file itself, as {@linkcode fileIdentity} tells it. */
  file: string;
}

/**
 * The file `….lock` beside a spool. It excludes a second process, and it remembers the spool file: a spool that was
 * restored from a backup, copied or put back by a lying disk would give numbers a second time, and its mark tells.
 */
export interface Companion extends Disposable {
  /** The mark that an earlier process left; null when there is none that can be read. */
  readonly mark: Mark | null;
  /** Writes without waiting for the disk: a mark that a power cut sets back still fits. */
  write(mark: Mark): void;
  /** Waits for the disk. */
  sync(): void;
}

const MARK_BYTES = 160;

/**
 * Locks the spool at `path` for this process, until it is disposed or the process ends in whatever way.
 *
 * @throws {Error} when another process holds it.
 */
export function openCompanion(path: string): Companion {
  const file = openFile(`${path}.lock`, path);
  // An advisory lock on the open file (flock): the kernel lets go of it when the process dies.
  if (!file.tryLockSync(true)) {
    file.close();
    throw new Error(`Cannot open spool: ${path} is in use by another process; stop that one first`);
  }
  return {
    mark: readMark(file),
    write(mark) {
      // One write of one length: never half a mark.
      const text = JSON.stringify(mark).padEnd(MARK_BYTES - 1) + "\n";
      file.seekSync(0, Deno.SeekMode.Start);
      file.writeSync(new TextEncoder().encode(text));
    },
    sync: () => file.syncDataSync(),
    [Symbol.dispose]() {
      file.unlockSync(); // a child process that is just being started may have the open file too, for a moment
      file.close();
    },
  };
}

/** Whether a process, and so a gateway, has the spool at `path` open. */
export function spoolIsHeld(path: string): boolean {
  let file;
  try {
    file = Deno.openSync(`${path}.lock`, { read: true });
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
  using _ = file;
  if (!file.tryLockSync(false)) return true;
  file.unlockSync();
  return false;
}

/** Tells a file from its copy: its inode and when that was born, where the system keeps them. */
export function fileIdentity(path: string): string {
  const { ino, birthtime } = Deno.statSync(path);
  return `${ino ?? "?"}:${birthtime?.getTime() ?? "?"}`;
}

function openFile(name: string, path: string): Deno.FsFile {
  try {
    return Deno.openSync(name, { read: true, write: true, create: true, mode: 0o600 });
  } catch (cause) {
    throw new Error(`Cannot open spool: ${path} (does its folder exist, and may this user write there?)`, { cause });
  }
}

function readMark(file: Deno.FsFile): Mark | null {
  const buffer = new Uint8Array(MARK_BYTES);
  const length = file.readSync(buffer) ?? 0;
  try {
    const mark = JSON.parse(new TextDecoder().decode(buffer.subarray(0, length)));
    const fits = typeof mark.epoch === "string" && Number.isSafeInteger(mark.newest) && typeof mark.file === "string";
    return fits ? mark : null;
  } catch {
    return null;
  }
}
