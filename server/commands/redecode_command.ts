import { parseArgs } from "node:util";
import { createLog, EXIT, progressLine, runProgram, UsageError } from "@mbus-gateway/resource";
import type { ServerConfig } from "../config.ts";
import { type Database, ingestTransaction } from "../db/mod.ts";
import { databaseKnowledge } from "../meter_keys/knowledge.ts";
import { readKeySecrets } from "../meter_keys/key_secret.ts";
import { redecode } from "../redecode/redecode.ts";

import { withDatabase } from "./with_database.ts";

export const REDECODE_HELP = `Decodes stored telegrams again, with this release's decoder and today's keys.

  redecode --since DATE [--meter METER] [--json]

  --since DATE   telegrams read since then: 2026-01-01, or 2026-01-01T00:00:00Z
  --meter METER  only this meter's: its id, or its identity such as ELS:44493951:47:4
  --json         one JSON object at the end instead of text

Only what comes out otherwise is written, as revisions; the values before stay. Ctrl-C stops after the batch under way,
and the same command goes on there.`;

/**
 * `redecode --since DATE [--meter METER]`.
 *
 * @throws {UsageError} for options that are wrong.
 */
export async function redecodeCommand(args: string[], config: ServerConfig): Promise<number> {
  const { since, meter, json } = optionsOf(args);
  const log = createLog(config.log);
  let finished = true;
  const code = await runProgram(async (signal) => {
    await withDatabase(config, log, async (database) => {
      const secrets = readKeySecrets(config.meterKeys, log);
      const knowledge = databaseKnowledge(database, secrets.all, log);
      const meterId = meter === null ? null : await meterIdOf(database, meter);
      const line = progressLine();
      const result = await redecode({
        database,
        knowledge,
        since,
        meterId,
        signal,
        onProgress: ({ done, total, changed }) => line.show(done, total, `${changed} readings changed`),
      });
      line.end();
      finished = result.finished;
      console.log(json ? JSON.stringify(result) : sentence(result));
    });
  }, { log });
  return code === EXIT.ok && !finished ? EXIT.failure : code;
}

function sentence({ done, changed, resumed, finished }: Awaited<ReturnType<typeof redecode>>): string {
  const before = resumed ? ", those of the stopped run before included" : "";
  const what = `${done} telegrams decoded again, ${changed} readings changed${before}`;
  return finished ? what : `${what}; stopped, the same command goes on here`;
}

function optionsOf(args: string[]): { since: Date; meter: string | null; json: boolean } {
  let values;
  try {
    const text = { type: "string" } as const;
    values =
      parseArgs({ args, options: { since: text, meter: text, json: { type: "boolean", default: false } } }).values;
  } catch (cause) {
    throw new UsageError(`Cannot decode again: ${(cause as Error).message}`, { cause });
  }
  const since = new Date(values.since ?? "");
  if (values.since === undefined || !/^\d{4}-\d{2}-\d{2}/.test(values.since) || Number.isNaN(since.getTime())) {
    const given = values.since === undefined ? "is missing" : `is "${values.since}"`;
    throw new UsageError(`Cannot decode again: --since ${given}, expected a date such as 2026-01-01`);
  }
  return { since, meter: values.meter ?? null, json: values.json };
}

async function meterIdOf(database: Database, meter: string): Promise<string> {
  const found = await ingestTransaction(
    database,
    (tx) =>
      tx<{ id: string }[]>`
      select meter_id::text as id from meters where meter_id::text = ${meter} or identity = ${meter}`,
  );
  const [only, another] = found;
  if (only === undefined) throw new UsageError(`Cannot decode again: there is no meter "${meter}"`);
  if (another !== undefined) {
    throw new UsageError(
      `Cannot decode again: "${meter}" names ${found.length} meters of different tenants; name one by its id: ` +
        found.map(({ id }) => id).join(", "),
    );
  }
  return only.id;
}
