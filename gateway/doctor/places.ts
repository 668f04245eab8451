import { statfsSync } from "node:fs";
import { describeError, EXIT } from "@mbus-gateway/resource";
import type { Clock } from "../clock.ts";
import { RELEASED } from "../clock.ts";
import { exists } from "../exists.ts";
import { missingPermissions } from "../missing_permissions.ts";
import { inspectSpool } from "../spool_view.ts";
import { fails, type Finding, ok, warns } from "./finding.ts";

/** @param words what the configuration asks for. */
export function permissionFinding(words: readonly string[]): Finding {
  const missing = missingPermissions(words);
  if (missing.length === 0) return ok("permissions", "just what the configuration asks for, or more");
  return fails(
    "permissions",
    `missing: ${missing.join(", ")}; start with the words that "main.ts flags gateway" prints (deno task gateway does)`,
    EXIT.permission,
  );
}

/** Below so much the spool may soon have no room. */
const LITTLE_BYTES = 200_000_000;

/** Whether readings can be kept. */
export function folderFinding(folder: string): Finding {
  const probe = `${folder}/.doctor`;
  try {
    Deno.mkdirSync(folder, { recursive: true, mode: 0o700 });
    Deno.writeTextFileSync(probe, "x");
    Deno.removeSync(probe);
  } catch (thrown) {
    const code = thrown instanceof Deno.errors.NotCapable || thrown instanceof Deno.errors.PermissionDenied
      ? EXIT.permission
      : EXIT.failure;
    const todo = (thrown as { code?: string }).code === "ENOSPC" ? "make room on its disk" : "give it to this user";
    return fails("data folder", `${folder} cannot be written (${describeError(thrown)}); ${todo}`, code);
  }
  const free = freeBytes(folder);
  if (free !== null && free < LITTLE_BYTES) {
    return warns("data folder", `${folder} has ${Math.round(free / 1e6)} MB left; free some of the disk`);
  }
  return ok("data folder", `${folder} can be written${free === null ? "" : `, ${(free / 1e9).toFixed(1)} GB free`}`);
}

function freeBytes(folder: string): number | null {
  try {
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize;
  } catch {
    return null; // a process with fewer rights than the set has; no fault of the folder
  }
}

/** What waits, and whether something was set aside. */
export function spoolFinding(path: string): Finding {
  if (!exists(path)) return ok("spool", "none yet: the gateway makes it at its first start");
  try {
    using spool = inspectSpool(path);
    const { depth, parked } = spool.status();
    const [oldest] = spool.peek({ limit: 1 });
    const waiting = oldest === undefined ? "nothing waits" : `${depth} readouts wait, the oldest of ${oldest.readAt}`;
    if (parked === 0) return ok("spool", waiting);
    return warns("spool", `${waiting}; ${parked} are set aside: "spool status" tells why`);
  } catch (thrown) {
    return fails("spool", `${describeError(thrown)}; the gateway salvages a damaged file when it starts`);
  }
}

/** Whether the time of readings can be believed. */
export function clockFinding(clock: Clock): Finding {
  const now = clock.now();
  if (clock.trusted()) return ok("clock", now.toISOString());
  const why = now < RELEASED
    ? "it is before this release was made"
    : "systemd-timesyncd has not heard a time server yet";
  return warns("clock", `${now.toISOString()} cannot be believed: ${why}; readings are kept and corrected later`);
}
