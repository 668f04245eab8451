import { createLog, nearest, runProgram, UsageError } from "@mbus-gateway/resource";
import type { ServerConfig } from "../config.ts";
import { type Database, ingestTransaction, tenantTransaction } from "../db/mod.ts";
import { type KeySecrets, readKeySecrets } from "../meter_keys/key_secret.ts";
import { parseKeyFile } from "../meter_keys/key_file.ts";
import { listMeterKeys, putMeterKeys, rotateMeterKeys } from "../meter_keys/meter_key_store.ts";
import { withDatabase } from "./with_database.ts";

export const METER_KEYS_HELP = `The keys of encrypted meters. They are kept sealed, and never shown.

  meter-keys list              which meters have a key, with a fingerprint
  meter-keys import FILE | -   lines of MANUFACTURER IDENTIFICATION KEY, such as
                               ELS 44493951 000102030405060708090A0B0C0D0E0F; "#" begins a comment; - is standard
                               input, which needs no right to read a file: deno task server meter-keys import - < FILE
  meter-keys rotate            seals all keys under METER_KEYS_SECRET_FILE that METER_KEYS_OLD_SECRET_FILE opens

  --tenant NAME                whose keys (default)`;

type Verb = (context: Context) => Promise<void>;

interface Context {
  database: Database;
  tenantId: number;
  secrets: KeySecrets;
  args: string[];
}

const VERBS: Record<string, Verb> = { list, import: importKeys, rotate };
const LIST_PAGE = 1000;

/**
 * `meter-keys list|import FILE|rotate`.
 *
 * @throws {UsageError} for words that are wrong; {@linkcode ConfigurationError} where a secret is missing.
 */
export async function meterKeysCommand(args: string[], config: ServerConfig): Promise<number> {
  const { verb, rest, tenant } = wordsOf(args);
  const log = createLog(config.log);
  return await runProgram(async () => {
    await withDatabase(config, log, async (database) => {
      const secrets = readKeySecrets(config.meterKeys, log);
      const [row] = await database.sql<{ id: number }[]>`select tenant_id as id from tenants where name = ${tenant}`;
      if (row === undefined) throw new UsageError(`Cannot use --tenant: there is no tenant "${tenant}"`);
      await verb({ database, tenantId: row.id, secrets, args: rest });
    });
  }, { log });
}

function wordsOf(args: string[]): { verb: Verb; rest: string[]; tenant: string } {
  let tenant = "default";
  const words: string[] = [];
  for (let index = 0; index < args.length; index++) {
    const word = args[index] ?? "";
    if (word === "--tenant") tenant = args[++index] ?? "";
    else if (word.startsWith("--")) throw new UsageError(`Cannot use "${word}": the one option is --tenant NAME`);
    else words.push(word);
  }
  const [name = "", ...rest] = words;
  const verb = Object.hasOwn(VERBS, name) ? VERBS[name] : undefined;
  if (verb !== undefined) return { verb, rest, tenant };
  const near = nearest(name, Object.keys(VERBS));
  const hint = near === null ? `there are ${Object.keys(VERBS).join(", ")}` : `did you mean "${near}"?`;
  throw new UsageError(`Cannot use meter-keys: there is no verb "${name}"; ${hint}`);
}

async function list({ database, tenantId }: Context) {
  let after = "";
  for (;;) {
    const page = { tenantId, after, limit: LIST_PAGE };
    const rows = await tenantTransaction(database, tenantId, (tx) => listMeterKeys(tx, page));
    for (const { manufacturer, identification, fingerprint, changedAt } of rows) {
      console.log(`${manufacturer} ${identification}  ${fingerprint}  since ${changedAt.toISOString()}`);
    }
    const last = rows.at(-1);
    if (last === undefined || rows.length < LIST_PAGE) return;
    after = `${last.manufacturer} ${last.identification}`;
  }
}

async function importKeys({ database, tenantId, secrets, args: [path, ...more] }: Context) {
  if (path === undefined || more.length > 0) throw new UsageError("Cannot import keys: name one FILE, or -");
  const secret = sealing(secrets);
  const text = path === "-" ? await new Response(Deno.stdin.readable).text() : await Deno.readTextFile(path);
  const keys = parseKeyFile(path, text).map((key) => ({ tenantId, ...key }));
  await tenantTransaction(database, tenantId, (tx) => putMeterKeys(tx, secret, keys));
  console.log(`${keys.length} keys are kept; a running server decodes what waited for them within minutes`);
}

async function rotate({ database, secrets }: Context) {
  const secret = sealing(secrets);
  const { moved, stuck } = await ingestTransaction(database, (tx) => rotateMeterKeys(tx, secret, secrets.all));
  console.log(`${moved} keys are sealed under secret ${secret.id} now`);
  if (stuck.length === 0) return;
  const meters = stuck.map(({ manufacturer, identification }) => `${manufacturer} ${identification}`).join(", ");
  throw new Error(
    `Cannot move ${stuck.length} keys, which neither secret opens: ${meters}; set METER_KEYS_OLD_SECRET_FILE to the ` +
      "secret that they were sealed under, or import them again",
  );
}

function sealing({ current }: KeySecrets) {
  if (current !== null) return current;
  throw new UsageError("Cannot keep keys: there is no secret to seal them with; set METER_KEYS_SECRET_FILE");
}
