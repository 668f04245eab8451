import { createHash } from "node:crypto";
import type { Log } from "@mbus-gateway/resource";
import { parseConfig } from "./config.ts";
import { spoolIsHeld } from "./spool_companion.ts";

/**
 * Beside a configuration on trial lies the one before it: whatever happens, the next start finds it. Its first line is
 * the sum of the rest: what a power cut left of it half written must never replace the configuration itself, which then
 * has not been touched yet.
 */
export function pendingPath(configPath: string): string {
  return `${configPath}.pending`;
}

/** Puts a configuration on trial: the one before lies beside it, on the disk, before the file is written. */
export function putOnTrial(configPath: string, text: string) {
  const before = Deno.readTextFileSync(configPath);
  writeDurably(pendingPath(configPath), `${sumLine(before)}\n${before}`);
  try {
    writeDurably(configPath, text);
  } catch (thrown) {
    // A full disk: the next trial would take what was half written for the configuration before it.
    takeBackTrial(configPath);
    throw thrown;
  }
}

/** The trial was passed: the configuration before goes where backups are. */
export function keepTrial(configPath: string, backupPath: string) {
  const before = configurationBefore(configPath);
  if (before !== null) writeDurably(backupPath, before);
  removeIfThere(pendingPath(configPath));
}

/** Takes a trial back. @returns false when there is none, or it had not begun. */
export function takeBackTrial(configPath: string): boolean {
  const before = configurationBefore(configPath);
  if (before !== null) writeDurably(configPath, before);
  removeIfThere(pendingPath(configPath));
  return before !== null;
}

/**
 * At the start: a trial that nobody ended was interrupted, perhaps by what it tried. It is taken back. A gateway that
 * runs is still at it: its trial is its own to end.
 */
export function settleTrial(configPath: string, log: Log) {
  const { state } = Deno.permissions.querySync({ name: "write", path: pendingPath(configPath) });
  if (state !== "granted") return;
  const before = configurationBefore(configPath);
  if (before !== null && spoolIsHeld(`${parseConfig(before, { path: configPath }).dataFolder}/spool.db`)) return;
  if (!takeBackTrial(configPath)) return;
  log.warn("A configuration on trial was interrupted: the one before it is back", { file: configPath });
}

/** The configuration before the trial, whole; null when there is none, or not all of it. */
function configurationBefore(configPath: string): string | null {
  const [, sum, before = ""] = /^(# sha256 [0-9a-f]{64})\n(.*)$/s.exec(readIfThere(pendingPath(configPath)) ?? "") ??
    [];
  return sum === sumLine(before) ? before : null;
}

function sumLine(text: string): string {
  return `# sha256 ${createHash("sha256").update(text).digest("hex")}`;
}

function removeIfThere(path: string) {
  try {
    Deno.removeSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
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
