import type { Tx } from "../db/mod.ts";

/** How far the sequence steps: so many ids belong to whoever drew its value (migration 0002). */
const BLOCK = 1000;

/**
 * Ids of telegrams, drawn from the database's sequence a block at a time and handed out here: telegrams and readings can
 * then be written by one statement, which also brings the ids of the next. An id that a rolled-back transaction used is
 * not used again; the gap means nothing.
 */
export class TelegramIds {
  /** By ascending ids; `next` is the first that is free. */
  #blocks: { next: number; end: number }[] = [];

  /** So many ids, ascending. */
  async take(tx: Tx, count: number): Promise<string[]> {
    for (let missing = count - this.#left; missing > 0; missing = count - this.#left) { // another batch may take them first
      const [drawn] = await tx<{ blocks: string[] }[]>`select ${drawnBlocks(tx, blocksOf(missing))} as blocks`;
      this.add(drawn?.blocks ?? []);
    }
    const ids: string[] = [];
    for (let [block] = this.#blocks; block !== undefined && ids.length < count; [block] = this.#blocks) {
      while (ids.length < count && block.next < block.end) ids.push(String(block.next++));
      if (block.next === block.end) this.#blocks.shift();
    }
    return ids;
  }

  /** How many blocks are missing until two more batches like this one find their ids here: each lane has one. */
  missingFor(count: number): number {
    return Math.max(0, blocksOf(2 * count - this.#left));
  }

  /** Takes in blocks by their first ids. */
  add(blocks: readonly string[]): void {
    for (const first of blocks) this.#blocks.push({ next: Number(first), end: Number(first) + BLOCK });
    this.#blocks.sort((a, b) => a.next - b.next);
  }

  get #left(): number {
    return this.#blocks.reduce((sum, { next, end }) => sum + end - next, 0);
  }
}

/** An expression that draws blocks: their first ids, an array of texts. */
export function drawnBlocks(tx: Tx, count: number) {
  return tx`array(select nextval('telegram_ids')::text from generate_series(1, ${count}::integer))`;
}

function blocksOf(ids: number): number {
  return Math.ceil(ids / BLOCK);
}
