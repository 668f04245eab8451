import { type Database, ingestTransaction } from "../db/mod.ts";
import type { Knowledge } from "../meter_keys/knowledge.ts";
import { PackedBefore } from "../telegram_packs/packed_before.ts";
import { type IncomingMessage, readMessage } from "./incoming.ts";
import { KnownIds } from "./known_ids.ts";
import { KnownTenants } from "./known_tenants.ts";
import { Months } from "./months.ts";
import { isPermanent } from "./permanent_error.ts";
import { storeMessages } from "./store_messages.ts";
import { TelegramIds } from "./telegram_ids.ts";

export interface ReplayOptions {
  database: Database;
  knowledge: Knowledge;
  now: () => Date;
}

/** An entry of the quarantine, with its bytes. */
export interface QuarantinedEntry {
  id: string;
  tenantId: number;
  code: string;
  origin: IncomingMessage["origin"];
  gateway: string | null;
  epoch: string | null;
  receivedAt: Date;
  payload: Uint8Array;
}

/** What became of an entry that was put back. */
export type Replayed = { taken: true; stored: number; duplicates: number } | { taken: false; reason: string };

/**
 * Puts an entry of the quarantine through the same ingest again, in one transaction with the note that it was. What is
 * still at fault stays as it is.
 *
 * @throws when the database is away.
 */
export async function replay(entry: QuarantinedEntry, { database, knowledge, now }: ReplayOptions): Promise<Replayed> {
  const read = readMessage(messageOf(entry), now());
  if (!("readouts" in read)) return { taken: false, reason: read.reason };
  await new Months().ensure(database, read.readouts);
  const mayBePacked = await new PackedBefore().ask(database);
  try {
    return await ingestTransaction(database, async (tx): Promise<Replayed> => {
      const stock = {
        mayBePacked,
        ids: new KnownIds().begin(),
        tenants: new KnownTenants(),
        telegramIds: new TelegramIds(),
        knowledge,
        expectNew: false,
      };
      const { results: [result], reasons: [reason] } = await storeMessages(tx, stock, [read]);
      if (result === undefined || reason !== undefined) throw new StillAtFault(reason ?? "it holds nothing");
      await tx`
        update quarantine set replayed_at = now()
        where tenant_id = ${entry.tenantId} and quarantine_id = ${entry.id}::text::bigint`;
      return { taken: true, stored: result.stored, duplicates: result.duplicates };
    });
  } catch (error) {
    if (error instanceof StillAtFault) return { taken: false, reason: error.message };
    if (isPermanent(error)) return { taken: false, reason: `Cannot store readout: ${(error as Error).message}` };
    throw error;
  }
}

/** Takes back what its transaction wrote. */
class StillAtFault extends Error {
  override name = "StillAtFault";
}

/** A message as it came, or one around a readout that was taken out of its message. */
function messageOf({ origin, gateway, epoch, receivedAt, payload }: QuarantinedEntry): IncomingMessage {
  const sender = gateway ?? "";
  const json = epoch === null ? null : objectOf(payload);
  if (json === null || "readouts" in json) return { origin, gateway: sender, payload };
  const sentAt = receivedAt.toISOString();
  const around = { schema: "mbus-gateway/readouts", version: 1, gateway: sender, epoch, sentAt, readouts: [json] };
  return { origin, gateway: sender, payload: new TextEncoder().encode(JSON.stringify(around)) };
}

function objectOf(payload: Uint8Array): object | null {
  try {
    const json: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(payload));
    return typeof json === "object" && json !== null ? json : null;
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) return null;
    throw error;
  }
}
