import type { Log } from "@mbus-gateway/resource";
import { type Database, ingestTransaction, type Tx } from "../db/mod.ts";
import type { Knowledge } from "../meter_keys/knowledge.ts";
import { decodeAgain } from "./decode_again.ts";
import { selectReadouts } from "./stored_readout.ts";

export interface DecodeWaitingOptions {
  database: Database;
  knowledge: Knowledge;
  signal: AbortSignal;
  log: Log;
  /** Readouts of one transaction. */
  batch?: number;
}

/** What came to be known, and who may wait for it. */
interface News {
  tenantId: number;
  /** As `telegrams.waits_for` has it. */
  name: string;
  table: "meter_keys" | "compact_formats";
}

/**
 * Decodes the telegrams that waited for a key or a compact format which is known now. Another server may go on for some
 * time without the news, so what came is applied until that time is over.
 */
export async function decodeWaiting(options: DecodeWaitingOptions): Promise<void> {
  const { database, knowledge, signal, log, batch = 500 } = options;
  const news = await ingestTransaction(database, selectNews);
  if (news.length === 0) return;
  await knowledge.refresh();
  for (const { tenantId, name, table } of news) {
    let [from, added] = ["0", 0];
    while (!signal.aborted) {
      const { next, changed } = await ingestTransaction(database, async (tx) => {
        const readouts = await selectReadouts(tx, { from, since: new Date(0), tenantId, waitsFor: name, limit: batch });
        const ids = readouts.flatMap(({ telegrams }) => telegrams.map(({ telegramId }) => BigInt(telegramId)));
        const changed = await decodeAgain(tx, readouts, knowledge);
        if (ids.length === 0) await noteApplied(tx, tenantId, name, table);
        return { next: ids.reduce((most, id) => id > most ? id : most, 0n), changed };
      });
      added += changed;
      if (next === 0n) break;
      from = String(next + 1n);
    }
    if (added > 0) log.info("Decoded telegrams that waited", { for: name, readings: added });
  }
}

/** The longest that a server may go on without having heard of a key. */
const HEARD_BY_ALL = "5 minutes";

async function selectNews(tx: Tx): Promise<News[]> {
  return await tx<News[]>`
    select tenant_id as "tenantId", 'key ' || manufacturer || ' ' || identification as name, 'meter_keys' as table
    from meter_keys
    where applied_at is null or applied_at < changed_at + ${HEARD_BY_ALL}::text::interval
    union all
    select tenant_id, 'format ' || signature, 'compact_formats' from compact_formats
    where applied_at is null or applied_at < changed_at + ${HEARD_BY_ALL}::text::interval
    order by 1, 2`;
}

async function noteApplied(tx: Tx, tenantId: number, name: string, table: News["table"]) {
  const [, first = "", second = ""] = name.split(" ");
  if (table === "meter_keys") {
    await tx`
      update meter_keys set applied_at = now()
      where tenant_id = ${tenantId} and manufacturer = ${first} and identification = ${second}`;
  } else {
    await tx`
      update compact_formats set applied_at = now() where tenant_id = ${tenantId} and signature = ${Number(first)}`;
  }
}
