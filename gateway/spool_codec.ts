import { crc32 } from "node:zlib";
import type { FramesReadout } from "@mbus-gateway/wire";

/** A readout as its row keeps it. */
export interface SpoolRow {
  seq: number;
  bus: string;
  address: string;
  read_at: string;
  clock: string;
  /** A JSON array of lower-case hexadecimal texts. */
  frames: string;
  rssi: number | null;
  /** A JSON array of names, or null for none. */
  flags: string | null;
  corrected_read_at: string | null;
}

/** The columns of {@linkcode SpoolRow}, in the order of {@linkcode rowValues}. */
export const ROW_COLUMNS = "seq, bus, address, read_at, clock, frames, rssi, flags, corrected_read_at";

/** The row of a readout. */
export function rowOf(readout: FramesReadout): SpoolRow {
  const { seq, bus, address, readAt, clock, frames, rssi, flags, correctedReadAt } = readout;
  return {
    seq,
    bus,
    address,
    read_at: readAt,
    clock,
    frames: JSON.stringify(frames.map((frame) => frame.toHex())),
    rssi: rssi ?? null,
    flags: flags === undefined || flags.length === 0 ? null : JSON.stringify(flags),
    corrected_read_at: correctedReadAt ?? null,
  };
}

/** What is bound for {@linkcode ROW_COLUMNS}. */
export function rowValues(row: SpoolRow): (string | number | null)[] {
  const { seq, bus, address, read_at, clock, frames, rssi, flags, corrected_read_at } = row;
  return [seq, bus, address, read_at, clock, frames, rssi, flags, corrected_read_at];
}

/**
 * The sum over everything in a row, its number too. SQLite has none: an ageing card can change a byte unnoticed, and a
 * changed digit would be a wrong reading.
 */
export function rowSum(row: SpoolRow): number {
  return crc32(JSON.stringify(rowValues(row)));
}

/** The readout in a row, or null where the row is not what was written. Rows of the first release have no sum. */
export function readoutOf(row: Record<string, unknown>): FramesReadout | null {
  const { clock } = row;
  try {
    if (row.sum !== null && row.sum !== rowSum(row as unknown as SpoolRow)) return null;
    const frames = (JSON.parse(String(row.frames)) as string[]).map((hex) => Uint8Array.fromHex(hex));
    if (frames.length === 0 || (clock !== "trusted" && clock !== "untrusted")) return null;
    const readout: FramesReadout = {
      seq: Number(row.seq),
      bus: String(row.bus),
      address: String(row.address),
      readAt: String(row.read_at),
      clock,
      frames,
    };
    if (row.corrected_read_at !== null) readout.correctedReadAt = String(row.corrected_read_at);
    if (row.rssi !== null) readout.rssi = Number(row.rssi);
    if (row.flags !== null) readout.flags = JSON.parse(String(row.flags));
    return readout;
  } catch {
    return null;
  }
}
