/** SQLSTATE classes that say: these rows will never go in. 22 data exception, 23 integrity, 54 program limit. */
const PERMANENT = new Set(["22", "23", "54"]);

/**
 * Whether repeating a failed batch is of no use, because the fault lies in what it holds. Everything else (a lost
 * connection, a deadlock, a full disk, a table that is not there yet) is waited out.
 */
export function isPermanent(error: unknown): boolean {
  const { code } = Object(error) as { code?: unknown };
  return typeof code === "string" && /^[0-9A-Z]{5}$/.test(code) && PERMANENT.has(code.slice(0, 2));
}

/** Whether a row was there already (SQLSTATE 23505). */
export function isUniqueViolation(error: unknown): boolean {
  return (Object(error) as { code?: unknown }).code === "23505";
}

/** Whether a row found no partition: its month was there, and was dropped meanwhile because it is kept no longer. */
export function isMissingPartition(error: unknown): boolean {
  const { code, routine } = Object(error) as { code?: unknown; routine?: unknown };
  return code === "23514" && routine === "ExecFindPartition";
}
