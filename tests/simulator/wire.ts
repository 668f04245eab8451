import type { Reply } from "./station.ts";

/** A character has 11 bits: start, eight data, even parity, stop (EN 13757-2, 5.2). */
export const BITS = 11;

/** Characters that follow each other without a pause. */
export interface Piece {
  /** When the first of them begins, in milliseconds after the end of the request. */
  afterMs: number;
  bytes: Uint8Array;
}

/** On a line where bytes take no time, what begins within so many milliseconds is at once. */
const AT_ONCE_MS = 5;

/**
 * What is on the wire when meters speak, perhaps at once: a space (0) pulls the line's current, so where two speak the
 * line carries the and of their bits. Who thinks longer comes later, and overlaps with the rest of the other's answer.
 *
 * @param baudRate without it bytes take no time, and only what meters think beyond their bit times counts.
 */
export function onTheWire(replies: readonly Reply[], baudRate?: number): Piece[] {
  const slotMs = baudRate === undefined ? AT_ONCE_MS : 1000 * BITS / baudRate;
  const bitMs = baudRate === undefined ? 0 : 1000 / baudRate;
  const starts = Map.groupBy(replies, ({ thinks }) => Math.round((thinks.bits * bitMs + thinks.ms) / slotMs));
  const pieces: Piece[] = [];
  let end = -Infinity;
  for (const [start, together] of [...starts].sort(([a], [b]) => a - b)) {
    const bytes = overlaid(together.map((reply) => reply.bytes));
    const last = pieces.at(-1);
    if (last === undefined || start > end || baudRate === undefined) {
      pieces.push({ afterMs: start * slotMs, bytes });
      end = start + bytes.length;
    } else {
      const length = last.bytes.length;
      last.bytes = overlaid([last.bytes, bytes], [0, length - (end - start)]);
      end += last.bytes.length - length;
    }
  }
  return pieces;
}

/** All at once, each from its own offset on. */
function overlaid(all: readonly Uint8Array[], offsets: readonly number[] = []): Uint8Array {
  const length = Math.max(...all.map((bytes, index) => bytes.length + (offsets[index] ?? 0)));
  const line = new Uint8Array(length).fill(0xff);
  for (const [index, bytes] of all.entries()) {
    const from = offsets[index] ?? 0;
    for (const [at, byte] of bytes.entries()) line[from + at] = (line[from + at] ?? 0xff) & byte;
  }
  return line;
}
