import type { Tx } from "../db/mod.ts";
import type { TelegramRow } from "../ingest/telegram_store.ts";

/** How long an answer holds: much shorter than it takes from saying so to packing (announce.ts). */
const HOLDS_MS = 60_000;

/** The time by the computer's clock, and by one that is never set: an answer is old when either says so. */
const usualClocks = () => [Date.now(), performance.now()] as const;

/**
 * Before when telegrams may lie in packs: asked of the database once a minute, so that of fresh telegrams nothing need be
 * asked.
 */
export class PackedBefore {
  #clocks: () => readonly number[];
  #before: Date | null = null;
  #askedAt: readonly number[] | null = null;

  constructor(clocks: () => readonly number[] = usualClocks) {
    this.#clocks = clocks;
  }

  /** Tells whether a telegram may lie in a pack, or one that was read up to so many milliseconds before it. */
  async ask(tx: Tx): Promise<(row: TelegramRow, marginMs?: number) => boolean> {
    const now = this.#clocks();
    const ages = now.map((time, clock) => time - (this.#askedAt?.[clock] ?? -Infinity));
    if (!ages.every((age) => age >= 0 && age < HOLDS_MS)) {
      const [row] = await tx<{ before: Date }[]>`select packed_before as before from telegram_packing`;
      this.#before = row?.before ?? null;
      this.#askedAt = now;
    }
    const before = this.#before?.getTime() ?? -Infinity;
    return ({ readout }, marginMs = 0) => Date.parse(readout.readAt) - marginMs < before;
  }
}
