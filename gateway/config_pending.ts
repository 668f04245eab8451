import type { Log } from "@mbus-gateway/resource";

/** Beside a configuration on trial lies the one before it: whatever happens, the next start finds it. */
export function pendingPath(configPath: string): string {
  return `${configPath}.pending`;
}

/** Puts a configuration on trial: the one before lies beside it, on the disk, before the file is written. */
export function putOnTrial(configPath: string, text: string) {
  const before = Deno.readTextFileSync(configPath);
  writeDurably(pendingPath(configPath), before);
  writeDurably(configPath, text);
}

/** The trial was passed: the configuration before goes where backups are. */
export function keepTrial(configPath: string, backupPath: string) {
  writeDurably(backupPath, Deno.readTextFileSync(pendingPath(configPath)));
  Deno.removeSync(pendingPath(configPath));
}

/** Takes a trial back. @returns false when there is none. */
export function takeBackTrial(configPath: string): boolean {
  const before = readIfThere(pendingPath(configPath));
  if (before === null) return false;
  writeDurably(configPath, before);
  Deno.removeSync(pendingPath(configPath));
  return true;
}

/** At the start: a trial that nobody ended was interrupted, perhaps by what it tried. It is taken back. */
export function settleTrial(configPath: string, log: Log) {
  const { state } = Deno.permissions.querySync({ name: "write", path: pendingPath(configPath) });
  if (state !== "granted" || !takeBackTrial(configPath)) return;
  log.warn("A configuration on trial was interrupted: the one before it is back", { file: configPath });
}

function readIfThere(path: string): string | null {
  try {
    return Deno.readTextFileSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

function writeDurably(path: string, text: string) {
  using file = Deno.openSync(path, { write: true, create: true, truncate: true, mode: 0o600 });
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.length;) at += file.writeSync(bytes.subarray(at));
  file.syncSync();
}
