import { assert } from "@std/assert";
import { silentLog } from "@mbus-gateway/resource";
import type { FramesReadout } from "@mbus-gateway/wire";
import { ingestTransaction } from "../../../server/db/mod.ts";
import { confirmationOf, createIngest } from "../../../server/ingest/mod.ts";
import { databaseKnowledge } from "../../../server/meter_keys/knowledge.ts";
import { deletePack, openPack, packColumns, type PackRow } from "../../../server/telegram_packs/pack_store.ts";
import { PackedBefore } from "../../../server/telegram_packs/packed_before.ts";
import { packTelegrams, type PackTelegramsOptions } from "../../../server/telegram_packs/pack_telegrams.ts";
import { insertRows } from "../../../server/telegram_packs/telegram_rows.ts";
import type { TestDatabase } from "../../fixtures/private_postgres.ts";
import { EPOCH, payload } from "../../fixtures/readouts.ts";
import { SECRET } from "../redecode/site.ts";

export const signal = new AbortController().signal;

/** When January is old: with {@linkcode DAYS} what came before 14 February is packed, if it was read in January. */
export const NOW = new Date("2026-03-16T10:00:00.000Z");
export const DAYS = 30;

/** Two gateways, what takes their readouts in, and what packs them. */
export async function siteOn({ database, ...owner }: Pick<TestDatabase, "database"> & AsyncDisposable) {
  const { sql } = database;
  await sql`
    insert into gateways (tenant_id, gateway_id, token_hash)
    values (1, 'GW-0001', sha256('one')), (1, 'GW-0002', sha256('two'))`;
  const knowledge = databaseKnowledge(database, [SECRET], silentLog);
  let minute = 0;
  const { ingest, counts } = createIngest({
    ...{ database, knowledge, now: () => new Date("2026-02-10T00:00:00.000Z") },
    packedBefore: new PackedBefore(() => [minute++ * 60_000]),
  });
  return {
    ...{ database, sql, knowledge, counts },
    async take(readouts: FramesReadout[], gateway = "GW-0001") {
      const [result] = await ingest([{ origin: "mqtt", gateway, payload: payload(readouts, { gateway }) }]);
      assert(result !== undefined);
      return result;
    },
    takeBytes: (bytes: Uint8Array, gateway = "GW-0001") => ingest([{ origin: "mqtt", gateway, payload: bytes }]),
    /** As if all telegrams had come a moment after they were read. */
    age: () => sql`update telegrams set received_at = read_at + interval '1.000001 seconds'`,
    /** As if every server had long heard that packing begins. */
    heard: () => sql`update telegram_packing set said_at = now() - interval '1 hour'`,
    /** Packs what is old, as a server that has just started; everything is old of January. */
    async pack(more: Partial<PackTelegramsOptions> = {}) {
      await this.age();
      await this.packAged(more);
    },
    async packAged(more: Partial<PackTelegramsOptions> = {}) {
      const pack = packTelegrams({ database, afterDays: DAYS, now: () => NOW, log: silentLog, ...more });
      await pack(signal); // says so
      await this.heard();
      await pack(signal);
    },
    /** Brings everything back out of the packs. */
    async unpack() {
      await ingestTransaction(database, async (tx) => {
        for (const pack of (await tx<PackRow[]>`select ${packColumns(tx)} from telegram_packs`).map(openPack)) {
          await deletePack(tx, pack);
          await insertRows(tx, pack, pack.telegrams.map((one) => ({ ...one, waitsFor: null })));
        }
      });
    },
    /** The telegrams that are rows, each with all its columns as PostgreSQL writes them. */
    async rows(): Promise<string[]> {
      const rows = await sql<{ row: string }[]>`select telegrams::text as row from telegrams order by 1`;
      return rows.map(({ row }) => row);
    },
    async seqsOfRows(): Promise<number[]> {
      const rows = await sql<
        { seq: number }[]
      >`select seq::float8 as seq from telegrams order by telegrams.seq, position`;
      return rows.map(({ seq }) => seq);
    },
    /** What is confirmed of GW-0001's first hundred numbers. */
    async held({ oldest = 1, newest = 100 } = {}) {
      const window = { tenantId: 1, gateway: "GW-0001", epoch: EPOCH, oldest, newest };
      return (await ingestTransaction(database, (tx) => confirmationOf(tx, window))).held;
    },
    /** How many telegrams each pack holds, by gateway and number. */
    async packs(): Promise<number[]> {
      const rows = await sql<{ n: number }[]>`select telegrams as n from telegram_packs order by gateway_id, seqs`;
      return rows.map(({ n }) => n);
    },
    /** Every revision: quantity, value, revision, whether current. */
    async readings() {
      const rows = await sql`
        select quantity, value::text, revision, is_current
        from readings join series using (tenant_id, series_id) order by readings.time, series_id, revision`;
      return rows.map((row) => [row.quantity, row.value, row.revision, row.is_current]);
    },
    [Symbol.asyncDispose]: () => owner[Symbol.asyncDispose](),
  };
}

export type Site = Awaited<ReturnType<typeof siteOn>>;
