import type { DatabaseSync } from "node:sqlite";
import { prepared } from "./prepared.ts";
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
 * The rows after `after` that can be read, oldest first: up to a damaged place, from behind it up to the next one, and so
 * on. A number stands for so many rows that were looked for and are not given, so that the caller can pause.
 */
export function* damagedRows(source: DatabaseSync | null, after: number): Generator<SalvagedRow | number> {
  if (source === null) return;
  for (let from: number | null = after + 1; from !== null;) {
    let next: number = from;
    for (const rows of untilDamage(source, from)) {
      next = (rows.at(-1)?.seq ?? next) + 1;
      yield* rows.map(salvagedRow);
    }
    from = yield* behindDamage(source, next);
  }
}

/** How far is looked behind a damaged place when the newest row cannot be read: further than one page can lead. */
const FURTHEST = 20_000;

/** The first row behind a damaged place that can be read; null where there is none. */
function* behindDamage(source: DatabaseSync, damaged: number): Generator<number, number | null> {
  const newest = rowsUnlessDamaged(source, NEWEST, Number.MAX_SAFE_INTEGER, 1)?.[0]?.seq ?? damaged + FURTHEST;
  for (let at = damaged; at <= newest; at++) {
    const rows = rowsUnlessDamaged(source, FORWARD, at, 1);
    if (rows !== null) return rows[0]?.seq ?? null;
    yield 1;
  }
  return null;
}

type Row = Omit<SalvagedRow, "whole">;

const FORWARD = "seq >= ? order by seq";
const NEWEST = "seq <= ? order by seq desc";
const CHUNK_ROWS = 200;

/** Rows in their order, some at a time, up to the first that cannot be read. */
function* untilDamage(source: DatabaseSync, from: number): Generator<Row[]> {
  let limit = CHUNK_ROWS;
  for (;;) {
    const rows = rowsUnlessDamaged(source, FORWARD, from, limit);
    if (rows === null) {
      if (limit === 1) return;
      // The damage is within the next rows: one by one up to it.
      limit = 1;
      continue;
    }
    const last = rows.at(-1);
    if (last === undefined) return;
    yield rows;
    from = last.seq + 1;
  }
}

/** The next rows; null where the damage is. Not by `iterate`, which ends at damage as if all were read. */
function rowsUnlessDamaged(source: DatabaseSync, where: string, from: number, limit: number): Row[] | null {
  try {
    const rows = prepared(source, `select * from readouts where ${where} limit ?`).all(from, limit);
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
