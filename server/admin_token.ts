import { ConfigurationError, type Log } from "@mbus-gateway/resource";
import { type Database, tenantTransaction } from "./db/mod.ts";
import { hashToken, newToken } from "./http/tokens.ts";

/** The tenant that every installation has. */
const DEFAULT_TENANT = 1;
/** Under this name the token of the file is among the API tokens. */
const NAME = "ADMIN_TOKEN_FILE";
const HOW_TO_MAKE = `umask 077; echo "mbg_$(openssl rand -base64 32 | tr '+/' '-_' | tr -d '=')" > admin.token`;

export interface AdminTokenOptions {
  /** Null: nothing is registered, and a database without any token is met with the way to make one. */
  file: string | null;
  /** Whether a missing file is made, readable for this user alone. */
  make: boolean;
  log: Log;
}

/**
 * Registers the token in a file as an API token of the tenant `default`: the first sign-in. The database keeps its hash.
 * Another token in the file takes the place of the earlier one, which is revoked with the sessions it began.
 *
 * @throws {ConfigurationError} when the file is missing or holds no token; the text never has what it holds.
 */
export async function registerAdminToken(database: Database, { file, make, log }: AdminTokenOptions): Promise<void> {
  if (file === null) return await hintIfNoToken(database, log);
  const hash = hashToken(readOrMake(file, make, log));
  await tenantTransaction(database, DEFAULT_TENANT, async (tx) => {
    await tx`
      update api_tokens set revoked_at = now()
      where tenant_id = ${DEFAULT_TENANT} and name = ${NAME} and token_hash <> ${hash} and revoked_at is null`;
    await tx`
      insert into api_tokens (tenant_id, name, token_hash) values (${DEFAULT_TENANT}, ${NAME}, ${hash})
      on conflict (token_hash) do nothing`;
    const [row] = await tx`select revoked_at from api_tokens where token_hash = ${hash}`;
    if (row?.revoked_at === null) return;
    log.warn("Cannot sign in with the admin token: it was revoked; put another into its file", { file });
  });
}

async function hintIfNoToken(database: Database, log: Log) {
  const [row] = await tenantTransaction(
    database,
    DEFAULT_TENANT,
    (tx) => tx`select from api_tokens where revoked_at is null limit 1`,
  );
  if (row !== undefined) return;
  log.warn(
    `Nobody can sign in: there is no API token. Make one: ${HOW_TO_MAKE}; then set ADMIN_TOKEN_FILE to that file`,
  );
}

function readOrMake(file: string, make: boolean, log: Log): string {
  const token = readIfThere(file);
  if (token === null && make) return makeToken(file, log);
  if (token === null) throw new ConfigurationError(`Cannot read ADMIN_TOKEN_FILE ${file}: make it with ${HOW_TO_MAKE}`);
  if (/^mbg_[\w-]{43}$/.test(token)) return token;
  throw new ConfigurationError(
    `Cannot use ADMIN_TOKEN_FILE ${file}: it holds no token, which is "mbg_" and 43 letters, digits, - or _; ` +
      `make it with ${HOW_TO_MAKE}`,
  );
}

function makeToken(file: string, log: Log): string {
  const token = newToken();
  using made = Deno.openSync(file, { createNew: true, write: true, mode: 0o600 });
  made.writeSync(new TextEncoder().encode(`${token}\n`));
  made.syncSync();
  log.info("Made the token for the first sign-in", { file });
  return token;
}

function readIfThere(file: string): string | null {
  try {
    return Deno.readTextFileSync(file).trim();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}
