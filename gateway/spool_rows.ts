import type { DatabaseSync } from "node:sqlite";
import type { FramesReadout } from "@mbus-gateway/wire";
import { prepared } from "./prepared.ts";
import { readoutOf, ROW_COLUMNS } from "./spool_codec.ts";
import { readTotal } from "./spool_schema.ts";

/** What is in a spool. */
export interface SpoolStatus {
  /** Readouts that are neither confirmed nor parked. */
  depth: number;
  /** The oldest and newest of those. */
  oldest: number | null;
  newest: number | null;
  /** Readouts set aside with a reason. */
  parked: number;
  /** Readouts let go of unconfirmed for want of room, since the spool began. */
  dropped: number;
  /** How often the file was found damaged, set aside and salvaged. */
  salvaged: number;
  /** Why the file cannot be looked at now, such as a full disk; then the numbers say nothing. */
  unavailable?: string;
}

/** A readout that no server will take, and why. */
export interface ParkedReadout {
  seq: number;
  bus: string;
  address: string;
  readAt: string;
  code: string;
  reason: string;
}

export interface PeekOptions {
  /** Only readouts with a higher number. */
  after?: number;
  /** Only readouts up to this number. */
  upTo?: number;
  /** The most readouts. */
  limit: number;
  /** The most bytes that they take in a payload before compression, roughly; the first is given whatever its size. */
  maxBytes?: number;
}

const CHUNK_ROWS = 64;

/** About what a readout takes in a payload before compression, in bytes. */
export function jsonBytes({ bus, address, frames }: Pick<FramesReadout, "bus" | "address" | "frames">): number {
  return frames.reduce((sum, frame) => sum + 2 * frame.length + 3, 120 + bus.length + address.length);
}

/** The unconfirmed after `after`, oldest first, and the numbers of rows that cannot be read. */
export function selectReadouts(
  database: DatabaseSync,
  { after = 0, upTo = Number.MAX_SAFE_INTEGER, limit, maxBytes = Infinity }: PeekOptions,
): { readouts: FramesReadout[]; damaged: number[] } {
  const rows = prepared(
    database,
    `select ${ROW_COLUMNS}, sum from readouts where seq > ? and seq <= ? and parked_code is null order by seq limit ?`,
  );
  const readouts: FramesReadout[] = [];
  const damaged: number[] = [];
  let bytes = 0;
  for (let from = after; readouts.length + damaged.length < limit;) {
    // A few at a time, for the sake of memory; not by `iterate`, which ends at a damaged page as if all were read.
    const chunk = rows.all(from, upTo, Math.min(CHUNK_ROWS, limit - readouts.length - damaged.length));
    if (chunk.length === 0) break;
    for (const row of chunk) {
      from = Number(row.seq);
      const readout = readoutOf(row);
      if (readout === null) {
        damaged.push(from);
        continue;
      }
      bytes += jsonBytes(readout);
      if (bytes > maxBytes && readouts.length > 0) return { readouts, damaged };
      readouts.push(readout);
    }
  }
  return { readouts, damaged };
}

/** Counts the whole table: for a look from outside. */
export function selectStatus(database: DatabaseSync): SpoolStatus {
  const row = prepared(
    database,
    "select count(*) as depth, min(seq) as oldest, max(seq) as newest from readouts where parked_code is null",
  ).get() ?? {};
  return {
    depth: Number(row.depth),
    oldest: typeof row.oldest === "number" ? row.oldest : null,
    newest: typeof row.newest === "number" ? row.newest : null,
    parked: countParked(database),
    dropped: readTotal(database, "dropped"),
    salvaged: readTotal(database, "salvaged"),
  };
}

/** How many readouts are parked. */
export function countParked(database: DatabaseSync): number {
  return Number(
    prepared(database, "select count(*) as parked from readouts where parked_code is not null").get()?.parked,
  );
}

/** The parked, oldest first. */
export function selectParked(database: DatabaseSync, limit: number): ParkedReadout[] {
  const rows = database.prepare(
    "select seq, bus, address, read_at, parked_code, parked_reason from readouts" +
      " where parked_code is not null order by seq limit ?",
  );
  return rows.all(limit).map((row) => ({
    seq: Number(row.seq),
    bus: String(row.bus),
    address: String(row.address),
    readAt: String(row.read_at),
    code: String(row.parked_code),
    reason: String(row.parked_reason),
  }));
}
