import { DECODER_VERSION } from "@mbus-gateway/mbus";
import { type Database, ingestTransaction } from "../db/mod.ts";
import type { Knowledge } from "../meter_keys/knowledge.ts";
import { decodeAgain } from "./decode_again.ts";
import { countPacked, decodeNextPack } from "./decode_pack.ts";
import { selectReadouts } from "./stored_readout.ts";

/** How far a run has come. */
export interface RedecodeProgress {
  /** Readouts looked at by this and, before a stop, by earlier calls. */
  done: number;
  /** Telegrams that there are to look at, about. */
  total: number;
  /** Readings added, revised or taken back. */
  changed: number;
  /** Whether an earlier, stopped run goes on. */
  resumed: boolean;
}

export interface RedecodeOptions {
  database: Database;
  knowledge: Knowledge;
  /** Telegrams read since. */
  since: Date;
  /** Only this meter's. */
  meterId?: string | null;
  /** Stops after the batch under way; the same call goes on there. */
  signal: AbortSignal;
  onProgress?: (progress: RedecodeProgress) => void;
  /** Readouts of one transaction. */
  batch?: number;
}

interface Run {
  runId: string;
  next: string;
  /** The same in the packs, which come when no rows are left: what is packed meanwhile is not missed. */
  nextPack: string;
  telegrams: number;
  changed: number;
}

/**
 * Decodes stored telegrams again with this program's decoder, in bounded batches, each a transaction of its own that
 * also notes where the run stands: whatever stops it, the next call with the same choice goes on there.
 *
 * @returns how far it came; `finished` is false when the signal stopped it.
 */
export async function redecode(options: RedecodeOptions): Promise<RedecodeProgress & { finished: boolean }> {
  const { database, knowledge, since, meterId = null, signal, onProgress = () => {}, batch = 500 } = options;
  await knowledge.refresh();
  const { run, resumed } = await startOrResume(database, since, meterId);
  const total = await countTelegrams(database, since, meterId);
  const progress = (): RedecodeProgress => ({ done: run.telegrams, total, changed: run.changed, resumed });
  onProgress(progress());
  let rowsLeft = true;
  while (!signal.aborted) {
    const looked = await ingestTransaction(database, async (tx) => {
      const readouts = rowsLeft ? await selectReadouts(tx, { from: run.next, since, meterId, limit: batch }) : [];
      const ids = readouts.flatMap(({ telegrams }) => telegrams.map(({ telegramId }) => BigInt(telegramId)));
      const newest = ids.reduce((most, id) => id > most ? id : most, 0n);
      const changed = await decodeAgain(tx, readouts, knowledge);
      const pack = ids.length > 0 ? null : await decodeNextPack(tx, { from: run.nextPack, since, meterId, knowledge });
      const next: Run = {
        runId: run.runId,
        next: ids.length === 0 ? run.next : String(newest + 1n),
        nextPack: pack?.next ?? run.nextPack,
        telegrams: run.telegrams + ids.length + (pack?.telegrams ?? 0),
        changed: run.changed + changed + (pack?.changed ?? 0),
      };
      const finished = ids.length === 0 && pack === null;
      await tx`
        update redecode_runs
        set next_telegram_id = ${next.next}, next_pack_telegram_id = ${next.nextPack}, telegrams = ${next.telegrams},
          changed = ${next.changed}, finished_at = ${finished ? new Date() : null}
        where run_id = ${run.runId}`;
      return { next, finished, rowsLeft: ids.length > 0 };
    });
    rowsLeft = looked.rowsLeft;
    Object.assign(run, looked.next);
    onProgress(progress());
    if (looked.finished) return { ...progress(), finished: true };
  }
  return { ...progress(), finished: false };
}

async function startOrResume(database: Database, since: Date, meterId: string | null) {
  return await ingestTransaction(database, async (tx) => {
    const [open] = await tx<{ runId: string; next: string; nextPack: string; telegrams: string; changed: string }[]>`
      select run_id::text as "runId", next_telegram_id::text as next, next_pack_telegram_id::text as "nextPack",
        telegrams::text, changed::text
      from redecode_runs
      where finished_at is null and since = ${since} and decoder_version = ${DECODER_VERSION}
        and meter_id is not distinct from ${meterId}::text::bigint
      order by run_id desc limit 1`;
    if (open !== undefined) {
      const { telegrams, changed } = open;
      return { run: { ...open, telegrams: Number(telegrams), changed: Number(changed) }, resumed: true };
    }
    const [made] = await tx<{ runId: string }[]>`
      insert into redecode_runs (since, meter_id, decoder_version)
      values (${since}, ${meterId}::text::bigint, ${DECODER_VERSION})
      returning run_id::text as "runId"`;
    if (made === undefined) throw new Error("Cannot decode again: the database did not note the run");
    return { run: { runId: made.runId, next: "0", nextPack: "0", telegrams: 0, changed: 0 }, resumed: false };
  });
}

async function countTelegrams(database: Database, since: Date, meterId: string | null): Promise<number> {
  return await ingestTransaction(database, async (tx) => {
    const [row] = await tx<{ total: string }[]>`
      select count(*)::text as total from telegrams
      where kind = 'frame' and read_at >= ${since}
        and (${meterId}::text is null or meter_id = ${meterId}::text::bigint)`;
    return Number(row?.total ?? 0) + await countPacked(tx, since, meterId);
  });
}
