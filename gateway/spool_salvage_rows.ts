import type { DatabaseSync } from "node:sqlite";
import type { SpoolRow } from "./spool_codec.ts";

/** A row as a damaged file has it, made such that a spool's table takes it. */
export interface SalvagedRow extends SpoolRow {
  parked_code: string | null;
  parked_reason: string | null;
  sum: number | null;
  /** Whether every value was of its column's type; what a damaged file says need not be. */
  whole: boolean;
}

/**
 * The rows after `after` that can be read: from the oldest as far as the damage, then what lies behind it, oldest first.
 * A number stands for so many rows that were looked at and are not given, so that the caller can pause.
 */
export function* damagedRows(source: DatabaseSync | null, after: number): Generator<SalvagedRow | number> {
  if (source === null) return;
  let oldest = after;
  for (const rows of untilDamage(source, FORWARD, after + 1)) {
    oldest = rows.at(-1)?.seq ?? oldest;
    yield* rows.map(salvagedRow);
  }
  // How far the way back from the newest goes; then forward over the same rows, which may be millions.
  let behind = Number.MAX_SAFE_INTEGER;
  for (const rows of untilDamage(source, BACKWARD, behind)) {
    const further = rows.filter(({ seq }) => seq > oldest);
    behind = further.at(-1)?.seq ?? behind;
    yield rows.length;
    if (further.length < rows.length) break;
  }
  if (behind === Number.MAX_SAFE_INTEGER) return;
  for (const rows of untilDamage(source, FORWARD, behind)) yield* rows.map(salvagedRow);
}

type Row = Omit<SalvagedRow, "whole">;

const FORWARD = "seq >= ? order by seq";
const BACKWARD = "seq < ? order by seq desc";
const CHUNK_ROWS = 200;

/** Rows in their order, some at a time, up to the first that cannot be read. */
function* untilDamage(source: DatabaseSync, where: string, from: number): Generator<Row[]> {
  let limit = CHUNK_ROWS;
  for (;;) {
    const rows = rowsUnlessDamaged(source, where, from, limit);
    if (rows === null) {
      if (limit === 1) return;
      // The damage is within the next rows: one by one up to it.
      limit = 1;
      continue;
    }
    const last = rows.at(-1);
    if (last === undefined) return;
    yield rows;
    // Not by "after the last one": the row before the first behind the damage is looked for in the damaged page.
    from = where === FORWARD ? last.seq + 1 : last.seq;
  }
}

/** The next rows; null where the damage is. Not by `iterate`, which ends at damage as if all were read. */
function rowsUnlessDamaged(source: DatabaseSync, where: string, from: number, limit: number): Row[] | null {
  try {
    const rows = source.prepare(`select * from readouts where ${where} limit ?`).all(from, limit);
    // A file of the first release has fewer columns.
    return rows.map((row) => ({ rssi: null, flags: null, corrected_read_at: null, sum: null, ...row }) as Row);
  } catch {
    return null;
  }
}

const TEXTS = ["bus", "address", "read_at", "clock", "frames"] as const;
const TEXTS_OR_NULL = ["flags", "corrected_read_at", "parked_code", "parked_reason"] as const;

/** The row with something that its columns take in the place of what they do not. */
function salvagedRow(row: Row): SalvagedRow {
  if (isWhole(row)) return { ...row, whole: true };
  const stored = { ...row, rssi: null, sum: null, whole: false };
  for (const column of TEXTS) stored[column] = typeof row[column] === "string" ? row[column] : "";
  for (const column of TEXTS_OR_NULL) stored[column] = typeof row[column] === "string" ? row[column] : null;
  return stored;
}

function isWhole(row: Row): boolean {
  return TEXTS.every((column) => typeof row[column] === "string") &&
    TEXTS_OR_NULL.every((column) => row[column] === null || typeof row[column] === "string") &&
    [row.rssi, row.sum].every((value) => value === null || Number.isSafeInteger(value));
}
