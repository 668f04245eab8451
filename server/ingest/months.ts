import type { Readout } from "@mbus-gateway/wire";
import { type Database, transaction } from "../db/mod.ts";
import { readingTime } from "./incoming.ts";

/** Makes sure that a partition exists for each month that is about to be written; asks once a month and process. */
export class Months {
  #known = new Set<string>();

  /** To be asked for again: another server may have dropped them. */
  forget(): void {
    this.#known.clear();
  }

  async ensure(database: Database, readouts: Readout[]): Promise<void> {
    const months = new Set(readouts.flatMap((readout) => [
      `telegrams ${readout.readAt.slice(0, 7)}-01`,
      `readings ${readingTime(readout).slice(0, 7)}-01`,
    ]));
    for (const month of months) {
      if (this.#known.has(month)) continue;
      const [parent = "", first = ""] = month.split(" ");
      await transaction(database, (tx) => tx`select ensure_month(${parent}, ${first}::text::date)`);
      this.#known.add(month);
    }
  }
}
