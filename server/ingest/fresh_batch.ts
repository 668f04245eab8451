import type { Tx } from "../db/mod.ts";
import { type AttributeRow, attributesInsert } from "./attributes.ts";
import { type GatewayRow, gatewaysUpdate } from "./gateway_rows.ts";
import { type ReadingRow, readingsInsert } from "./reading_store.ts";
import { drawnBlocks } from "./telegram_ids.ts";
import { type DecodedTelegramRow, telegramsInsert } from "./telegram_store.ts";

/** All that one batch writes. */
export interface FreshBatch {
  telegrams: DecodedTelegramRow[];
  readings: ReadingRow[];
  attributes: AttributeRow[];
  /** The gateways of the telegrams, each once. */
  gateways: GatewayRow[];
  /** Blocks of telegrams' ids to be drawn for what comes next. */
  blocks: number;
}

/** A gateway was removed, or is another tenant's now: what was decoded for its tenant is not to be written. */
export class GatewayMoved extends Error {
  override name = "GatewayMoved";
}

/**
 * Writes what is not there yet, without looking, in one statement. Its counts are asked for from the first to the last,
 * and in that order its parts are carried out: the rows of gateways, for which other servers wait, are locked at the end.
 * Needs the role `mbus_ingest`.
 *
 * @returns the blocks of ids.
 * @throws {GatewayMoved}; SQLSTATE 23505 when a telegram or a reading is there. Nothing of it is to be committed then.
 */
export async function insertFreshBatch(tx: Tx, batch: FreshBatch): Promise<string[]> {
  const [written] = await tx<{ gateways: number; blocks: string[] }[]>`
    with telegram as (${telegramsInsert(tx, batch.telegrams)} returning 1),
      reading as (${readingsInsert(tx, batch.readings)} returning 1),
      attribute as (${attributesInsert(tx, batch.attributes)} returning 1),
      gateway as (${gatewaysUpdate(tx, batch.gateways)} returning 1)
    select (select count(*) from telegram) as telegrams, (select count(*) from reading) as readings,
      (select count(*) from attribute) as attributes, (select count(*) from gateway)::integer as gateways,
      ${drawnBlocks(tx, batch.blocks)} as blocks`;
  if (written?.gateways !== batch.gateways.length) {
    throw new GatewayMoved("Cannot write batch: a gateway in it is not its tenant's any more; look up whose it is");
  }
  return written.blocks;
}
