import { Hono } from "@hono/hono";
import * as v from "valibot";
import { tenantTransaction } from "../db/mod.ts";
import { HEATING_DEGREE_DAYS, isArea } from "../degree_days/mod.ts";
import type { HttpDeps, HttpEnv } from "./deps.ts";
import { parseQuery } from "./door.ts";
import { Day, Limit } from "./fields.ts";

const Query = {
  area: v.pipe(
    v.string(),
    v.check(isArea, "expected municipality:0101, cell:10km_622_58, station:06180 or country"),
  ),
  from: v.optional(Day, "0001-01-01"),
  /** The last day, included. */
  to: v.optional(Day, "9999-12-31"),
  limit: Limit(1000, 10_000),
};

/** `/api/v1/degree-days`: an area's heating degree days by the day, exact. */
export function degreeDaysApi({ database }: HttpDeps): Hono<HttpEnv> {
  return new Hono<HttpEnv>().get("/", async (c) => {
    const { area, from, to, limit } = parseQuery(c, Query);
    const days = await tenantTransaction(
      database,
      c.get("tenantId"),
      (tx) =>
        tx<{ day: string; value: string }[]>`
        select day::text, value::text, created from degree_days
        where parameter = ${HEATING_DEGREE_DAYS} and area = ${area}
          and day between ${from}::text::date and ${to}::text::date
        order by day limit ${limit}`,
    );
    return c.json({ parameter: HEATING_DEGREE_DAYS, area, days });
  });
}
