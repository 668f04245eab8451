import { Hono } from "@hono/hono";
import * as v from "valibot";
import {
  closeBillingPeriod,
  findBilledPeriod,
  listBillingPeriods,
  type NotClosed,
  openBillingPeriod,
} from "../consumption/mod.ts";
import { tenantTransaction } from "../db/mod.ts";
import type { HttpDeps, HttpEnv } from "./deps.ts";
import { parseBody, parseQuery, rowId } from "./door.ts";
import { Day, Limit, RowId } from "./fields.ts";
import { notFound, Problem } from "./problem.ts";

/**
 * `/api/v1/billing-periods`: a period is opened, and closed for good; what becomes known after that is listed as
 * corrections beside figures that stay as they are.
 */
export function billingPeriodsApi({ database, now }: HttpDeps): Hono<HttpEnv> {
  const app = new Hono<HttpEnv>();

  app.get("/", async (c) => {
    const query = parseQuery(c, { property: v.optional(RowId), after: v.optional(RowId), limit: Limit(100, 1000) });
    const tenantId = c.get("tenantId");
    const periods = await tenantTransaction(database, tenantId, (tx) => listBillingPeriods(tx, tenantId, query));
    return c.json({ billingPeriods: periods, next: periods.length === query.limit ? periods.at(-1)?.id : null });
  });

  app.get("/:id", async (c) => {
    const id = rowId(c);
    const tenantId = c.get("tenantId");
    const found = id === null
      ? null
      : await tenantTransaction(database, tenantId, (tx) => findBilledPeriod(tx, tenantId, id));
    if (found === null) throw notFound(`Cannot show billing period: there is no billing period ${c.req.param("id")}`);
    return c.json(found);
  });

  app.post("/", async (c) => {
    const wanted = await parseBody(c, { property: RowId, from: Day, to: Day });
    if (wanted.from >= wanted.to) {
      throw new Problem(400, "invalid", "Cannot read body: to: expected the day behind the last, after `from`");
    }
    const tenantId = c.get("tenantId");
    try {
      const made = await tenantTransaction(database, tenantId, (tx) => openBillingPeriod(tx, tenantId, wanted));
      if (made === null) throw notFound(`Cannot open billing period: there is no property ${wanted.property}`);
      return c.json(made, 201, { location: `/api/v1/billing-periods/${made.id}` });
    } catch (error) {
      if ((Object(error) as { code?: unknown }).code !== "23P01") throw error;
      const detail = "Cannot open billing period: a day of it is in another billing period of the property";
      throw new Problem(409, "overlap", detail);
    }
  });

  app.post("/:id/close", async (c) => {
    const id = rowId(c);
    const tenantId = c.get("tenantId");
    const closed = await tenantTransaction(database, tenantId, async (tx) => {
      const why = id === null ? "absent" : await closeBillingPeriod(tx, tenantId, id, now());
      return why ?? await findBilledPeriod(tx, tenantId, id ?? "");
    });
    if (typeof closed === "string") throw refusal(closed, c.req.param("id"));
    return c.json(closed);
  });

  return app;
}

function refusal(why: NotClosed, id: string): Problem {
  switch (why) {
    case "absent":
      return notFound(`Cannot close billing period: there is no billing period ${id}`);
    case "closed":
      return new Problem(409, why, "Cannot close billing period: it is closed");
    case "not_ended":
      return new Problem(409, why, "Cannot close billing period: it has not ended");
    case "not_reckoned":
      return new Problem(
        409,
        why,
        "Cannot close billing period: readings of it still wait to be reckoned; try again in a minute",
      );
  }
}
