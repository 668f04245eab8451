import { Hono } from "@hono/hono";
import * as v from "valibot";
import { tenantTransaction } from "../db/mod.ts";
import { traceTelegram } from "../telegram_packs/trace_telegram.ts";
import type { HttpDeps, HttpEnv } from "./deps.ts";
import { parseQuery, rowId } from "./door.ts";
import { Limit, RowId } from "./fields.ts";
import { findMeter, latestAttributes, latestOfSeries, listMeters } from "./meter_queries.ts";
import { notFound } from "./problem.ts";
import { shownTelegram } from "./shown_telegram.ts";

/**
 * `/api/v1/meters`: the meters, one with the latest value of each series and what it says of itself, and the telegram that
 * a reading of it names.
 */
export function metersApi({ database }: HttpDeps): Hono<HttpEnv> {
  const app = new Hono<HttpEnv>();

  app.get("/", async (c) => {
    const { after = "0", limit } = parseQuery(c, { after: v.optional(RowId), limit: Limit(100, 1000) });
    const tenantId = c.get("tenantId");
    const meters = await tenantTransaction(database, tenantId, (tx) => listMeters(tx, { tenantId, after, limit }));
    return c.json({ meters, next: meters.length === limit ? meters.at(-1)?.id : null });
  });

  app.get("/:id", async (c) => {
    const id = rowId(c);
    const tenantId = c.get("tenantId");
    const found = id === null ? null : await tenantTransaction(database, tenantId, async (tx) => {
      const meter = await findMeter(tx, tenantId, id);
      if (meter === null) return null;
      const series = await latestOfSeries(tx, tenantId, id);
      const attributes = await latestAttributes(tx, tenantId, id);
      return { ...meter, series, attributes };
    });
    if (found === null) throw notFound(`Cannot show meter: there is no meter ${c.req.param("id")}`);
    return c.json(found);
  });

  app.get("/:id/telegrams/:telegram", async (c) => {
    const [meterId, telegramId] = [rowId(c), rowId(c, "telegram")];
    const tenantId = c.get("tenantId");
    const found = meterId === null || telegramId === null
      ? null
      : await tenantTransaction(database, tenantId, (tx) => traceTelegram(tx, { tenantId, meterId, telegramId }));
    if (found === null) {
      throw notFound(`Cannot show telegram: meter ${c.req.param("id")} has no telegram ${c.req.param("telegram")}`);
    }
    return c.json(shownTelegram(found));
  });

  return app;
}
