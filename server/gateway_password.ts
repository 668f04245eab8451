import { timingSafeEqual } from "node:crypto";
import { authTransaction, type Database } from "./db/mod.ts";
import { hashToken } from "./http/tokens.ts";

/** Whether a token is that of the registered gateway of this name. */
export async function isGatewayToken(database: Database, gateway: string, token: string): Promise<boolean> {
  const [row] = await authTransaction(
    database,
    (tx) => tx<{ token_hash: Uint8Array }[]>`select token_hash from gateways where gateway_id = ${gateway}`,
  );
  return row !== undefined && timingSafeEqual(row.token_hash, hashToken(token));
}
