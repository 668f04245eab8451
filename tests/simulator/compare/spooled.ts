import { DatabaseSync } from "node:sqlite";

/** What one spool file says: the numbers it ever gave, and the readouts that are still in it. */
export interface Spooled {
  epoch: string;
  /** The newest number ever given; each from 1 up to it was taken. */
  newest: number;
  /** What is there still, by number. */
  rows: Map<number, SpooledReadout>;
}

export interface SpooledReadout {
  frames: string[];
  /** Why it was set aside, or null. */
  parked: string | null;
}

/** Reads a gateway's spool with nothing but SQL. */
export function readSpool(path: string): Spooled {
  using database = new DatabaseSync(path, { readOnly: true });
  const epoch = database.prepare("select value from meta where key = 'epoch'").get()?.value;
  if (typeof epoch !== "string") throw new Error(`Cannot compare: ${path} is no spool, it has no epoch`);
  const newest = database.prepare("select seq from sqlite_sequence where name = 'readouts'").get()?.seq;
  const rows = new Map<number, SpooledReadout>();
  for (const row of database.prepare("select seq, frames, parked_code, parked_reason from readouts").all()) {
    rows.set(Number(row.seq), {
      frames: (JSON.parse(String(row.frames)) as string[]).map((frame) => frame.toLowerCase()),
      parked: row.parked_code === null ? null : `${row.parked_code}: ${row.parked_reason}`,
    });
  }
  return { epoch, newest: Number(newest ?? 0), rows };
}
