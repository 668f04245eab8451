import type { Log } from "@mbus-gateway/resource";
import { type Database, transaction } from "../db/mod.ts";
import { announcePacking } from "./announce.ts";
import { giveBackMonth, hasOld, type Horizon, horizonOf, monthsBefore } from "./closed_months.ts";
import { BEGINNING, type Packed, packNext, type Place } from "./pack_next.ts";

export interface PackTelegramsOptions {
  database: Database;
  /** How old telegrams are when they are packed; null: never. */
  afterDays: number | null;
  now: () => Date;
  log: Log;
  /** Telegrams of a pack, about: readouts stay whole. */
  perPack?: number;
  /** Transactions of one call; the next call goes on there. */
  perCall?: number;
}

/**
 * An upkeep task that moves old telegrams into packs, a part with each call and each part in a transaction of its own; on
 * another day it does so for what has grown old meanwhile. One server does it; another that finds it at work leaves it
 * alone.
 */
export function packTelegrams(options: PackTelegramsOptions): (signal: AbortSignal) => Promise<void> {
  const { afterDays, now, log, perCall = 100 } = options;
  let packedFor = "";
  let walk: Walk | null = null;
  return async (signal) => {
    if (afterDays === null) return;
    const horizon = horizonOf(now(), afterDays);
    const day = horizon.receivedBefore.toISOString();
    if (walk === null && day === packedFor) return;
    const current: Walk = walk ?? walkThrough(options, horizon);
    walk = null; // until a step has succeeded: after a failure it begins again
    let [packs, telegrams] = [0, 0];
    for (let step = 0; step < perCall && !signal.aborted; step++) {
      const { done, value } = await current.next();
      if (done) {
        packedFor = day;
        break;
      }
      walk = current;
      if (value === "later") break;
      packs += value.packs;
      telegrams += value.telegrams;
    }
    if (packs > 0) log.info("Packed old telegrams", { telegrams, packs });
  };
}

/** A step has packed something, or nothing can be done before some time has passed. */
type Walk = AsyncGenerator<Packed | "later">;

async function* walkThrough({ database, log, perPack = 1000 }: PackTelegramsOptions, horizon: Horizon): Walk {
  for (const month of await monthsBefore(database, horizon.readBefore)) {
    if (await hasOld(database, month, horizon)) {
      while (!await announcePacking(database, horizon.readBefore)) yield "later";
      await transaction(database, (tx) => tx`select ensure_month('telegram_packs', ${month}::text::date)`);
      for (let after: Place | null = BEGINNING; after !== null;) {
        const packed: Packed | null = await packNext(database, { month, after, horizon, perPack });
        yield packed ?? "later";
        if (packed !== null) after = packed.next;
      }
    }
    if (await giveBackMonth(database, month)) log.info("Gave back the space of packed telegrams", { month });
  }
}
