import { Hono } from "@hono/hono";
import * as v from "valibot";
import { selectConsumption } from "../consumption/mod.ts";
import { tenantTransaction } from "../db/mod.ts";
import type { HttpDeps, HttpEnv } from "./deps.ts";
import { parseQuery } from "./door.ts";
import { Day, RowId } from "./fields.ts";
import { splitModifiers } from "./meter_queries.ts";
import { Problem } from "./problem.ts";

const MOST_ROWS = 10_000;

const Query = {
  unit: v.optional(RowId),
  meter: v.optional(RowId),
  /** The first day, and the day behind the last, by the property's calendar. */
  from: Day,
  to: Day,
  resolution: v.picklist(["hour", "day", "month"], "expected hour, day or month"),
};

/** `/api/v1/consumption`: what was consumed by hour, day or month; amounts are exact decimals as texts. */
export function consumptionApi({ database }: HttpDeps): Hono<HttpEnv> {
  return new Hono<HttpEnv>().get("/", async (c) => {
    const { unit = null, meter = null, from, to, resolution } = parseQuery(c, Query);
    if (unit === null && meter === null) {
      throw new Problem(400, "invalid", "Cannot read query: expected unit or meter, whose consumption it is");
    }
    if (from >= to) throw new Problem(400, "invalid", "Cannot read query: to: expected a day after `from`");
    const tenantId = c.get("tenantId");
    const rows = await tenantTransaction(
      database,
      tenantId,
      (tx) => selectConsumption(tx, tenantId, { unit, meter, resolution, from, to, limit: MOST_ROWS + 1 }),
    );
    if (rows.length > MOST_ROWS) {
      throw new Problem(400, "too_many", `Cannot answer: it would be more than ${MOST_ROWS} rows; ask for fewer days`);
    }
    return c.json({
      consumption: rows.map(({ modifiers, ...row }) => ({ ...row, modifiers: splitModifiers(modifiers) })),
    });
  });
}
