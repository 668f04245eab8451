import type { Context } from "@hono/hono";
import { deleteCookie, getCookie, setCookie } from "@hono/hono/cookie";
import { randomBytes } from "node:crypto";
import { authTransaction, type Database, tenantTransaction } from "../db/mod.ts";
import { isLoopbackHost } from "./loopback_host.ts";
import { hashToken } from "./tokens.ts";

const COOKIE = "mbus_session";
const SESSION_SECONDS = 7 * 24 * 60 * 60;

/** Begins a session for an API token's owner: a random cookie, of which the database keeps the hash. */
export async function beginSession(
  c: Context,
  database: Database,
  { tenantId, tokenId }: { tenantId: number; tokenId: string },
  now: Date,
): Promise<void> {
  const secret = randomBytes(32).toString("base64url");
  const expiresAt = new Date(now.getTime() + SESSION_SECONDS * 1000);
  await tenantTransaction(database, tenantId, async (tx) => {
    await tx`delete from sessions where tenant_id = ${tenantId} and expires_at <= ${now}`;
    await tx`
      insert into sessions (tenant_id, session_hash, token_id, expires_at)
      values (${tenantId}, ${hashToken(secret)}, ${tokenId}, ${expiresAt})`;
  });
  setCookie(c, COOKIE, secret, { ...attributes(c), maxAge: SESSION_SECONDS });
}

/** Whose session the request's cookie is; null for none, an ended one, or one whose API token was revoked. */
export async function findSession(c: Context, database: Database, now: Date): Promise<number | null> {
  const secret = getCookie(c, COOKIE);
  if (secret === undefined) return null;
  const [row] = await authTransaction(
    database,
    (tx) =>
      tx<{ tenant_id: number }[]>`
      select tenant_id from sessions join api_tokens using (tenant_id, token_id)
      where session_hash = ${hashToken(secret)} and expires_at > ${now} and revoked_at is null`,
  );
  return row?.tenant_id ?? null;
}

/** Ends the session of the request's cookie, here and in the browser. */
export async function endSession(c: Context, database: Database, now: Date): Promise<void> {
  const secret = getCookie(c, COOKIE);
  const tenantId = await findSession(c, database, now);
  if (secret !== undefined && tenantId !== null) {
    await tenantTransaction(
      database,
      tenantId,
      (tx) => tx`delete from sessions where tenant_id = ${tenantId} and session_hash = ${hashToken(secret)}`,
    );
  }
  deleteCookie(c, COOKIE, attributes(c));
}

/** Behind a proxy that ends TLS the request itself is http: only plain http on this machine goes without Secure. */
function attributes(c: Context) {
  const url = new URL(c.req.url);
  const secure = !(url.protocol === "http:" && isLoopbackHost(url.host));
  return { path: "/", httpOnly: true, sameSite: "Strict", secure } as const;
}
