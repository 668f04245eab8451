import type { Database } from "../db/mod.ts";
import { ONE_TELEGRAM_MINUTES } from "../ingest/radio.ts";

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

  /** @throws when the database is away, as everything that would follow. */
  async ask(database: Pick<Database, "run">): Promise<MayBePacked> {
    const now = this.#clocks();
    const ages = now.map((time, clock) => time - (this.#askedAt?.[clock] ?? -Infinity));
    if (!ages.every((age) => age >= 0 && age < HOLDS_MS)) {
      const [row] = await database.run((sql) =>
        sql<{ before: Date }[]>`select packed_before as before from telegram_packing`
      );
      this.#before = row?.before ?? null;
      this.#askedAt = now;
    }
    if (this.#before === null) return () => false;
    const end = new Date(this.#before.getTime() + ONE_TELEGRAM_MINUTES * 60_000).toISOString();
    return ({ readAt }) => readAt < end; // instants of one form: their texts are in the order of time
  }
}

/** Whether a readout may lie in a pack, or the one that another gateway heard by radio with it. */
export type MayBePacked = (readout: { readAt: string }) => boolean;
