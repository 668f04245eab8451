import { Hono } from "@hono/hono";
import * as v from "valibot";
import { endPlacement, listPlacements, placeMeter } from "../consumption/mod.ts";
import { tenantTransaction } from "../db/mod.ts";
import type { HttpDeps, HttpEnv } from "./deps.ts";
import { parseBody, parseQuery, rowId } from "./door.ts";
import { Limit, Moment, RowId, Text } from "./fields.ts";
import { notFound, Problem } from "./problem.ts";

/** What stands on the dial, in the unit of the meter's series; as text, so that no digit is lost. */
const Readings = v.optional(
  v.pipe(
    v.array(v.strictObject({
      quantity: v.pipe(v.string(), v.regex(/^[a-z][a-z0-9_]{0,63}$/, "expected a quantity such as energy")),
      unit: Text(20),
      value: v.pipe(v.string(), v.regex(/^-?\d{1,20}(?:\.\d{1,12})?$/, 'expected a decimal as text such as "1234.5"')),
    })),
    v.maxLength(20, "expected at most 20 readings"),
    v.check(
      (all) => new Set(all.map(({ quantity, unit }) => `${quantity} ${unit}`)).size === all.length,
      "expected each quantity once",
    ),
  ),
  [],
);

const NewPlacement = {
  unitId: RowId,
  meter: RowId,
  role: v.pipe(v.string(), v.regex(/^[a-z][a-z0-9_]{0,31}$/, "expected a word such as heat or cold_water")),
  from: Moment,
  startReadings: Readings,
};

/** `/api/v1/placements`: which meter is in which unit, since when and until when. */
export function placementsApi({ database }: HttpDeps): Hono<HttpEnv> {
  const app = new Hono<HttpEnv>();

  app.get("/", async (c) => {
    const query = parseQuery(c, {
      unit: v.optional(RowId),
      meter: v.optional(RowId),
      after: v.optional(RowId),
      limit: Limit(100, 1000),
    });
    const tenantId = c.get("tenantId");
    const placements = await tenantTransaction(database, tenantId, (tx) => listPlacements(tx, tenantId, query));
    return c.json({ placements, next: placements.length === query.limit ? placements.at(-1)?.id : null });
  });

  app.post("/", async (c) => {
    const wanted = await parseBody(c, NewPlacement);
    const tenantId = c.get("tenantId");
    try {
      const made = await tenantTransaction(database, tenantId, (tx) => placeMeter(tx, tenantId, wanted));
      return c.json(made, 201);
    } catch (error) {
      throw refusalOf(error, wanted) ?? error;
    }
  });

  app.post("/:id/end", async (c) => {
    const { to, endReadings } = await parseBody(c, { to: Moment, endReadings: Readings });
    const placementId = rowId(c);
    const tenantId = c.get("tenantId");
    try {
      const ended = placementId === null
        ? null
        : await tenantTransaction(database, tenantId, (tx) =>
          endPlacement(tx, tenantId, { placementId, to, endReadings }));
      if (ended === null) throw notFound(`Cannot end placement: no meter is placed by ${c.req.param("id")} any more`);
      return c.json(ended);
    } catch (error) {
      if (sqlState(error) !== "23514" && sqlState(error) !== "22000") throw error;
      throw new Problem(400, "invalid", "Cannot end placement: to: expected a time after the meter was put in");
    }
  });

  return app;
}

function refusalOf(error: unknown, { meter, unitId, from }: { meter: string; unitId: string; from: string }) {
  switch (sqlState(error)) {
    case "23P01":
      return new Problem(
        409,
        "placed_elsewhere",
        `Cannot place meter: ${meter} is in a unit at ${from} or later; end that placement first`,
      );
    case "23503":
      return notFound(`Cannot place meter: there is no unit ${unitId}, or no meter ${meter}`);
    default:
      return null;
  }
}

function sqlState(error: unknown): unknown {
  return (Object(error) as { code?: unknown }).code;
}
