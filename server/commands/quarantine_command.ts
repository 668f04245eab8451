import { parseArgs } from "node:util";
import { createLog, EXIT, runProgram, UsageError } from "@mbus-gateway/resource";
import type { ServerConfig } from "../config.ts";
import { type Database, ingestTransaction } from "../db/mod.ts";
import { type QuarantinedEntry, replay } from "../ingest/replay.ts";
import { databaseKnowledge } from "../meter_keys/knowledge.ts";
import { readKeySecrets } from "../meter_keys/key_secret.ts";
import { withDatabase } from "./with_database.ts";

export const QUARANTINE_HELP = `What could not be taken in, with its bytes and the reason.

  quarantine list            newest first: id, when, how often, code, gateway, number, reason
  quarantine show ID         one entry with its bytes, as text where they are text
  quarantine retry ID…       puts entries through ingest again, after what was wrong is mended
  quarantine retry --all     the same for all that --code and --gateway leave

  --code CODE                only entries of this code
  --gateway ID               only entries of this gateway
  --replayed                 list also what was put back already
  --limit N                  list so many (50)
  --json                     one JSON object a line

An entry that was put back stays, with the time. retry ends with 1 where an entry is still at fault.`;

interface Entry extends QuarantinedEntry {
  seq: string | null;
  reason: string;
  times: string;
  bytes: number;
  lastReceivedAt: Date;
  replayedAt: Date | null;
}

interface Words {
  verb: string;
  ids: string[];
  all: boolean;
  code: string | null;
  gateway: string | null;
  replayed: boolean;
  limit: number;
  json: boolean;
}

/** Entries are put back a page at a time; each in a transaction of its own. */
const RETRY_PAGE = 100;

/**
 * `quarantine list|show|retry`.
 *
 * @throws {UsageError} for words that are wrong.
 */
export async function quarantineCommand(args: string[], config: ServerConfig): Promise<number> {
  const words = wordsOf(args);
  const log = createLog(config.log);
  let allTaken = true;
  const code = await runProgram(async (signal) => {
    await withDatabase(config, log, async (database) => {
      if (words.verb === "list") await list(database, words);
      else if (words.verb === "show") await show(database, words);
      else allTaken = await retry(database, words, config, signal);
    });
  }, { log });
  return code === EXIT.ok && !allTaken ? EXIT.failure : code;
}

async function list(database: Database, words: Words) {
  for (const entry of await select(database, words, { limit: words.limit })) {
    const { id, code, reason, gateway, seq, times, bytes, lastReceivedAt, replayedAt } = entry;
    if (words.json) {
      console.log(JSON.stringify({ id, lastReceivedAt, times, code, gateway, seq, bytes, reason, replayedAt }));
      continue;
    }
    const what = `${gateway ?? "-"}${seq === null ? "" : ` #${seq}`}`;
    const back = replayedAt === null ? "" : ` (put back ${replayedAt.toISOString()})`;
    console.log(
      `${id}  ${lastReceivedAt.toISOString()}  ${times}x  ${code}  ${what}  ${bytes} bytes  ${reason}${back}`,
    );
  }
}

async function show(database: Database, words: Words) {
  const [entry] = await select(database, { ...words, replayed: true }, { limit: 1 });
  if (entry === undefined) {
    throw new UsageError(`Cannot show entry ${words.ids[0]}: there is none; see quarantine list`);
  }
  const { payload, tenantId: _tenant, ...rest } = entry;
  if (words.json) return console.log(JSON.stringify({ ...rest, payload: payload.toHex() }));
  for (const [name, value] of Object.entries(rest)) {
    console.log(`${name.padEnd(14)}  ${value instanceof Date ? value.toISOString() : value ?? "-"}`);
  }
  console.log(`\n${textOf(payload)}`);
}

async function retry(database: Database, words: Words, config: ServerConfig, signal: AbortSignal): Promise<boolean> {
  const secrets = readKeySecrets({ ...config.meterKeys, make: false }, createLog(config.log));
  const knowledge = databaseKnowledge(database, secrets.all, createLog(config.log));
  await knowledge.refresh();
  let [taken, left, after] = [0, 0, "0"];
  while (!signal.aborted) {
    const page = await select(database, words, { limit: RETRY_PAGE, after });
    for (const entry of page) {
      if (signal.aborted) break;
      const result = await replay(entry, { database, knowledge, now: () => new Date() });
      if (result.taken) taken++;
      else left++;
      if (words.json) console.log(JSON.stringify({ id: entry.id, ...result }));
      else if (!result.taken) console.log(`${entry.id} stays: ${result.reason}`);
      after = entry.id;
    }
    if (page.length < RETRY_PAGE) break;
  }
  if (!words.json) console.log(`${taken} put back, ${left} stay`);
  if (taken + left < words.ids.length) {
    throw new UsageError(`Cannot put back all of ${words.ids.join(", ")}: some are not there or were put back before`);
  }
  return left === 0;
}

/** Newest first; or, behind an id, oldest first. */
async function select(
  database: Database,
  { ids, code, gateway, replayed }: Words,
  { limit, after = null }: { limit: number; after?: string | null },
): Promise<Entry[]> {
  const rows = await ingestTransaction(
    database,
    (tx) =>
      tx<Entry[]>`
      select quarantine_id::text as id, tenant_id as "tenantId", code, reason, origin, gateway_id as gateway,
        epoch::text as epoch, seq::text as seq, times::text as times, length(payload) as bytes,
        received_at as "receivedAt", last_received_at as "lastReceivedAt", replayed_at as "replayedAt", payload
      from quarantine
      where (${ids.length} = 0 or quarantine_id = any(${`{${ids.join(",")}}`}::text::bigint[]))
        and (${code}::text is null or code = ${code})
        and (${gateway}::text is null or gateway_id = ${gateway})
        and (${replayed} or replayed_at is null)
        and (${after}::text is null or quarantine_id > ${after}::text::bigint)
      order by quarantine_id * ${after === null ? -1 : 1}
      limit ${limit}`,
  );
  return rows.map((row) => ({ ...row, payload: new Uint8Array(row.payload) }));
}

function textOf(payload: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(payload);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return payload.toHex();
  }
}

function wordsOf(args: string[]): Words {
  let parsed;
  try {
    const [text, flag] = [{ type: "string" } as const, { type: "boolean", default: false } as const];
    const options = { code: text, gateway: text, limit: text, all: flag, replayed: flag, json: flag };
    parsed = parseArgs({ args, options, allowPositionals: true });
  } catch (cause) {
    throw new UsageError(`Cannot use the quarantine: ${(cause as Error).message}`, { cause });
  }
  const { values: { code = null, gateway = null, limit = "50", all, replayed, json }, positionals } = parsed;
  const [verb = "", ...ids] = positionals;
  if (!["list", "show", "retry"].includes(verb)) {
    throw new UsageError(`Cannot use the quarantine: "${verb}" is not one of list, show, retry`);
  }
  const wrong = ids.find((id) => !/^[1-9]\d{0,17}$/.test(id));
  if (wrong !== undefined) throw new UsageError(`Cannot use "${wrong}": expected an id of quarantine list`);
  if (!/^[1-9]\d{0,5}$/.test(limit)) throw new UsageError(`Cannot use --limit "${limit}": expected a whole number`);
  if (verb === "show" && ids.length !== 1) throw new UsageError("Cannot show an entry: name one id");
  if (verb === "retry" && (ids.length === 0) !== all) {
    throw new UsageError("Cannot put entries back: name their ids, or --all");
  }
  return { verb, ids, all, code, gateway, replayed, limit: Number(limit), json };
}
