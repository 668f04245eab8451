import type { Readout } from "@mbus-gateway/wire";
import type { ReadMessage, UnreadableMessage } from "./incoming.ts";

type Read = ReadMessage | UnreadableMessage;

/** A message, or a run of the readouts of a large one; `index` is the message's place in the batch. */
export interface Part {
  index: number;
  read: Read;
}

/** So many rows of one statement, as guessed: past it, memory grows at both ends and nothing gets faster. */
export const ROWS_PER_STATEMENT = 20_000;
/** Of a usual record: its DIF, its VIF and some bytes of data. */
const BYTES_PER_RECORD = 8;

/**
 * A batch in portions that one statement each can write, in order. Batches are limited by their bytes as they came,
 * which may be compressed to a tenth; a message that is too large by itself is divided between its readouts.
 */
export function portionsOf(messages: Read[], rowsPerPortion: number): Part[][] {
  const parts = messages.flatMap((message, index) => {
    return divided(message, rowsPerPortion).map((read): Part => ({ index, read }));
  });
  return runsOf(parts, ({ read }) => rowsOf(read), rowsPerPortion);
}

/** What is not to be stored goes with the first run. */
function divided(read: Read, rowsPerPortion: number): Read[] {
  if (rowsOf(read) <= rowsPerPortion || !("readouts" in read)) return [read];
  return runsOf(read.readouts, rowsOfReadout, rowsPerPortion).map((readouts, run) => {
    return { ...read, readouts, ...(run > 0 && { setAside: [], refused: [] }) };
  });
}

/** Runs within the limit, of one item at least. */
function runsOf<Item>(items: Item[], weigh: (item: Item) => number, limit: number): Item[][] {
  const runs: Item[][] = [];
  let weight = Infinity;
  for (const item of items) {
    const more = weigh(item);
    if (weight + more > limit) {
      runs.push([]);
      weight = 0;
    }
    runs.at(-1)?.push(item);
    weight += more;
  }
  return runs;
}

function rowsOf(read: Read): number {
  return "readouts" in read ? read.readouts.reduce((sum, readout) => sum + rowsOfReadout(readout), 0) : 0;
}

function rowsOfReadout(readout: Readout): number {
  if (!("frames" in readout)) return 1 + readout.values.length;
  return readout.frames.reduce((sum, { length }) => sum + 1 + length / BYTES_PER_RECORD, 0);
}
