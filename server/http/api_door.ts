import { createMiddleware } from "@hono/hono/factory";
import { authTransaction, type Database } from "../db/mod.ts";
import type { HttpDeps, HttpEnv } from "./deps.ts";
import { unauthorized } from "./problem.ts";
import { hashToken } from "./tokens.ts";

/** The secret of an `Authorization: Bearer` header (RFC 6750), or null. */
export function bearerToken(header: string | undefined): string | null {
  return /^Bearer +([\x21-\x7e]{1,512})$/i.exec(header ?? "")?.[1] ?? null;
}

/** Whose API token it is; null for an unknown or revoked one. */
export async function findApiToken(
  database: Database,
  token: string,
): Promise<{ tenantId: number; tokenId: string } | null> {
  const [row] = await authTransaction(
    database,
    (tx) =>
      tx<{ tenant_id: number; token_id: string }[]>`
      select tenant_id, token_id::text from api_tokens where token_hash = ${hashToken(token)} and revoked_at is null`,
  );
  return row === undefined ? null : { tenantId: row.tenant_id, tokenId: row.token_id };
}

/** Lets in who shows an API token, and sets whose rows they see. Cookies do not count here, so no other site's page does. */
export function apiDoor({ database }: HttpDeps) {
  return createMiddleware<HttpEnv>(async (c, next) => {
    const token = bearerToken(c.req.header("authorization"));
    if (token === null) throw unauthorized("Cannot answer: the request has no header Authorization: Bearer TOKEN");
    const found = await findApiToken(database, token);
    if (found === null) throw unauthorized("Cannot answer: no such API token, or it was revoked");
    c.set("tenantId", found.tenantId);
    c.header("cache-control", "no-store");
    await next();
  });
}
