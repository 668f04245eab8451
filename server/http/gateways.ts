import { Hono } from "@hono/hono";
import { GatewayId } from "@mbus-gateway/wire";
import * as v from "valibot";
import { tenantTransaction, type Tx } from "../db/mod.ts";
import { selectGaps } from "../gateway_truth/sequence_gaps.ts";
import type { HttpDeps, HttpEnv } from "./deps.ts";
import { parseBody, parseQuery } from "./door.ts";
import { Limit } from "./fields.ts";
import { notFound, Problem } from "./problem.ts";
import { hashToken, newToken } from "./tokens.ts";

/** A gateway as the API and the page tell of it. */
export interface GatewayRow {
  gateway: string;
  registeredAt: Date;
  lastHeartbeatAt: Date | null;
  lastReadingAt: Date | null;
  /** The last heartbeat as it came. */
  heartbeat: Record<string, unknown> | null;
  /** Its clock minus the server's when the last heartbeat came, in milliseconds; the way there is in it. */
  clockOffsetMs: number | null;
  /** Readouts that it has and the server has not confirmed, as its last heartbeat says. */
  spoolDepth: number | null;
  /** How many numbers of its spool are missing here, and since when the oldest of them is. */
  missing: number;
  missingSince: Date | null;
}

/** A tenant's gateways by their id, those behind `after`. */
export function listGateways(
  tx: Tx,
  { tenantId, after = "", limit }: { tenantId: number; after?: string; limit: number },
): Promise<GatewayRow[]> {
  return tx<GatewayRow[]>`
    select ${columns(tx)} from gateways
    where tenant_id = ${tenantId} and gateway_id > ${after}
    order by gateway_id limit ${limit}`;
}

function columns(tx: Tx) {
  const gaps = tx`from sequence_gaps where (tenant_id, gateway_id) = (gateways.tenant_id, gateways.gateway_id)`;
  return tx`
    gateway_id as gateway, registered_at as "registeredAt", last_heartbeat_at as "lastHeartbeatAt",
    last_reading_at as "lastReadingAt", heartbeat, clock_offset_ms::float8 as "clockOffsetMs",
    (heartbeat ->> 'spoolDepth')::float8 as "spoolDepth",
    (select coalesce(sum(last_seq - first_seq + 1), 0)::float8 ${gaps}) as missing,
    (select min(since) ${gaps}) as "missingSince"`;
}

/** `/api/v1/gateways`: register, renew a token, list, look at one. A token is shown once, in the answer that makes it. */
export function gatewaysApi({ database }: HttpDeps): Hono<HttpEnv> {
  const app = new Hono<HttpEnv>();

  app.post("/", async (c) => {
    const { gateway } = await parseBody(c, { gateway: GatewayId });
    const tenantId = c.get("tenantId");
    const token = newToken();
    const made = await tenantTransaction(
      database,
      tenantId,
      (tx) =>
        tx`
        insert into gateways (tenant_id, gateway_id, token_hash) values (${tenantId}, ${gateway}, ${hashToken(token)})
        on conflict do nothing returning gateway_id`,
    );
    if (made.length === 0) {
      throw new Problem(409, "registered", `Cannot register gateway ${gateway}: this id is registered already`);
    }
    return c.json({ gateway, token }, 201);
  });

  app.post("/:id/token", async (c) => {
    const gateway = c.req.param("id");
    const tenantId = c.get("tenantId");
    const token = newToken();
    const renewed = await tenantTransaction(
      database,
      tenantId,
      (tx) =>
        tx`
        update gateways set token_hash = ${hashToken(token)}
        where tenant_id = ${tenantId} and gateway_id = ${gateway} returning gateway_id`,
    );
    if (renewed.length === 0) throw notFound(`Cannot renew token: there is no gateway ${JSON.stringify(gateway)}`);
    return c.json({ gateway, token });
  });

  app.get("/", async (c) => {
    const { after, limit } = parseQuery(c, { after: v.optional(GatewayId), limit: Limit(100, 1000) });
    const tenantId = c.get("tenantId");
    const gateways = await tenantTransaction(database, tenantId, (tx) => listGateways(tx, { tenantId, after, limit }));
    return c.json({ gateways, next: gateways.length === limit ? gateways.at(-1)?.gateway : null });
  });

  app.get("/:id", async (c) => {
    const id = c.req.param("id");
    const tenantId = c.get("tenantId");
    const { gateway, gaps } = await tenantTransaction(database, tenantId, async (tx) => {
      const [gateway] = await tx<GatewayRow[]>`
        select ${columns(tx)} from gateways where tenant_id = ${tenantId} and gateway_id = ${id}`;
      return { gateway, gaps: await selectGaps(tx, tenantId, id) };
    });
    if (gateway === undefined) throw notFound(`Cannot show gateway: there is no ${JSON.stringify(id)}`);
    return c.json({ ...gateway, gaps });
  });

  return app;
}
