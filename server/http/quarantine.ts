import { Hono } from "@hono/hono";
import * as v from "valibot";
import { tenantTransaction, type Tx } from "../db/mod.ts";
import type { HttpDeps, HttpEnv } from "./deps.ts";
import { parseQuery, rowId } from "./door.ts";
import { Limit, RowId } from "./fields.ts";
import { notFound } from "./problem.ts";

interface QuarantineEntry {
  id: string;
  code: string;
  reason: string;
  origin: string;
  gateway: string | null;
  epoch: string | null;
  /** As text: 64 bits. */
  seq: string | null;
  receivedAt: Date;
  lastReceivedAt: Date;
  times: string;
  /** When it was put back after what was wrong had been mended. */
  replayedAt: Date | null;
  bytes: number;
}

/** `/api/v1/quarantine`: what could not be taken in, newest first; one entry with its bytes as hexadecimal. */
export function quarantineApi({ database }: HttpDeps): Hono<HttpEnv> {
  const app = new Hono<HttpEnv>();

  app.get("/", async (c) => {
    const { before = null, limit } = parseQuery(c, { before: v.optional(RowId), limit: Limit(100, 1000) });
    const tenantId = c.get("tenantId");
    const entries = await tenantTransaction(
      database,
      tenantId,
      (tx) =>
        tx<QuarantineEntry[]>`
        select ${columns(tx)} from quarantine
        where tenant_id = ${tenantId} and (${before}::text is null or quarantine_id < ${before}::text::bigint)
        order by quarantine_id desc limit ${limit}`,
    );
    return c.json({ quarantine: entries, next: entries.length === limit ? entries.at(-1)?.id : null });
  });

  app.get("/:id", async (c) => {
    const id = rowId(c);
    const tenantId = c.get("tenantId");
    const [entry] = id === null ? [] : await tenantTransaction(
      database,
      tenantId,
      (tx) =>
        tx<(QuarantineEntry & { payload: string })[]>`
        select ${columns(tx)}, encode(payload, 'hex') as payload from quarantine
        where tenant_id = ${tenantId} and quarantine_id = ${id}::text::bigint`,
    );
    if (entry === undefined) throw notFound(`Cannot show quarantine: there is no entry ${c.req.param("id")}`);
    return c.json(entry);
  });

  return app;
}

function columns(tx: Tx) {
  return tx`
    quarantine_id::text as id, code, reason, origin, gateway_id as gateway, epoch::text as epoch, seq::text as seq,
    received_at as "receivedAt", last_received_at as "lastReceivedAt", replayed_at as "replayedAt", times::text as times, length(payload) as bytes`;
}
