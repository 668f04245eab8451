import type { Tx } from "../db/mod.ts";

/** How far the sequence steps: so many ids belong to whoever drew its value (migration 0002). */
const BLOCK = 1000;

/**
 * Ids of telegrams, drawn from the database's sequence a block at a time and handed out here: telegrams and readings can
 * then be sent together. An id that a rolled-back transaction used is not used again; the gap means nothing.
 */
export class TelegramIds {
  #next = 0;
  #end = 0;

  /** So many ids, ascending. */
  async take(tx: Tx, count: number): Promise<string[]> {
    const ids: string[] = [];
    const wanted = Math.ceil((count - (this.#end - this.#next)) / BLOCK);
    const rest = () => {
      while (ids.length < count && this.#next < this.#end) ids.push(String(this.#next++));
    };
    rest();
    if (wanted <= 0) return ids;
    // Two transactions may come here at once: each hands out the blocks that it drew itself.
    const blocks = await tx<{ first: string }[]>`
      select nextval('telegram_ids')::text as first from generate_series(1, ${wanted}::integer)`;
    for (const { first } of blocks) {
      this.#next = Number(first);
      this.#end = this.#next + BLOCK;
      rest();
    }
    return ids;
  }
}
