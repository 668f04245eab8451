import type { Hono } from "@hono/hono";
import { type AppDeps, createApp } from "../../../server/http/app.tsx";
import type { HttpEnv } from "../../../server/http/deps.ts";
import { hashToken } from "../../../server/http/tokens.ts";
import { createIngest } from "../../../server/ingest/mod.ts";
import { testDatabase } from "../../fixtures/private_postgres.ts";

/** The clock of these tests. */
export const NOW = new Date("2026-01-31T12:00:00.000Z");

/** The API token of the tenant `default`, and that of the tenant `other`. */
export const TOKEN = `mbg_${"a".repeat(43)}`;
export const OTHER_TOKEN = `mbg_${"b".repeat(43)}`;
/** The token of the gateway GW-0001, which is the tenant default's. */
export const GATEWAY_TOKEN = `mbg_${"g".repeat(43)}`;

/** An app on a database with two tenants, an API token each, and the gateway GW-0001. */
export async function site(deps: Partial<AppDeps> = {}) {
  const stack = new AsyncDisposableStack();
  const { database } = stack.use(await testDatabase());
  await database.sql`insert into tenants (tenant_id, name) values (2, 'other')`;
  await database.sql`
    insert into api_tokens (tenant_id, name, token_hash)
    values (1, 'admin', ${hashToken(TOKEN)}), (2, 'admin', ${hashToken(OTHER_TOKEN)})`;
  await database.sql`
    insert into gateways (tenant_id, gateway_id, token_hash) values (1, 'GW-0001', ${hashToken(GATEWAY_TOKEN)})`;
  const { ingest, counts } = createIngest({ database, now: () => NOW });
  const app: Hono<HttpEnv> = createApp({ database, ingest, counts, now: () => NOW, ...deps });
  return {
    app,
    database,
    sql: database.sql,
    ingest,
    /** A request to the API as the tenant default, or with another token; "" for none. */
    async api(method: string, path: string, { body, token = TOKEN }: { body?: unknown; token?: string } = {}) {
      const answer = await app.request(path, {
        method,
        headers: token === "" ? {} : { authorization: `Bearer ${token}` },
        ...(body === undefined ? {} : { body: isBytes(body) ? body : JSON.stringify(body) }),
      });
      const text = await answer.text();
      return { status: answer.status, headers: answer.headers, json: text === "" ? null : JSON.parse(text) };
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

export type Site = Awaited<ReturnType<typeof site>>;

function isBytes(body: unknown): body is Uint8Array<ArrayBuffer> {
  return body instanceof Uint8Array;
}
