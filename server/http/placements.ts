import { type Context, Hono } from "@hono/hono";
import * as v from "valibot";
import {
  changePlacement,
  endPlacement,
  listPlacements,
  type Placement,
  placeMeter,
  readingsDroppedUntil,
  removePlacement,
} from "../consumption/mod.ts";
import { tenantTransaction, type Tx } from "../db/mod.ts";
import type { HttpDeps, HttpEnv } from "./deps.ts";
import { parseBody, parseQuery, rowId } from "./door.ts";
import { Limit, Moment, RowId, Text } from "./fields.ts";
import { notFound, Problem } from "./problem.ts";

/** What stands on the dial, in the unit of the meter's series; as text, so that no digit is lost. */
const Readings = v.pipe(
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
);

const Role = v.pipe(v.string(), v.regex(/^[a-z][a-z0-9_]{0,31}$/, "expected a word such as heat or cold_water"));

const NewPlacement = {
  unitId: RowId,
  meter: RowId,
  role: Role,
  from: Moment,
  to: v.optional(v.nullable(Moment)),
  startReadings: v.optional(Readings, []),
  endReadings: v.optional(Readings),
};

/** What is absent stays; `to` of null: the meter is there still. */
const Changes = {
  unitId: v.optional(RowId),
  meter: v.optional(RowId),
  role: v.optional(Role),
  from: v.optional(Moment),
  to: v.optional(v.nullable(Moment)),
  startReadings: v.optional(Readings),
  endReadings: v.optional(Readings),
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
    refuseEndless("place meter", wanted);
    const placement = await written("place meter", wanted, c, (tx, tenantId) => placeMeter(tx, tenantId, wanted));
    return c.json(placement, 201);
  });

  app.patch("/:id", async (c) => {
    const change = await parseBody(c, Changes);
    refuseEndless("change placement", change);
    const id = rowId(c);
    const placement = await written(
      "change placement",
      change,
      c,
      (tx, tenantId) => id === null ? null : changePlacement(tx, tenantId, id, change),
    );
    return c.json(placement);
  });

  app.post("/:id/end", async (c) => {
    const { to, endReadings } = await parseBody(c, { to: Moment, endReadings: v.optional(Readings, []) });
    const placementId = rowId(c);
    const placement = await written(
      "end placement",
      {},
      c,
      (tx, tenantId) => placementId === null ? null : endPlacement(tx, tenantId, { placementId, to, endReadings }),
    );
    return c.json(placement);
  });

  app.delete("/:id", async (c) => {
    const id = rowId(c);
    await written("remove placement", {}, c, (tx, tenantId) => id === null ? null : removePlacement(tx, tenantId, id));
    return c.body(null, 204);
  });

  /**
   * Writes in a transaction. Where the placement reaches before readings that are kept, the answer has `unchangedBefore`:
   * what was reckoned before that instant stays as it is.
   */
  async function written(
    what: string,
    wanted: Parameters<typeof refusalOf>[2],
    c: Context<HttpEnv>,
    write: (tx: Tx, tenantId: number) => Promise<Placement | null> | null,
  ): Promise<Placement & { unchangedBefore?: Date }> {
    const tenantId = c.get("tenantId");
    try {
      return await tenantTransaction(database, tenantId, async (tx) => {
        const placement = await write(tx, tenantId);
        if (placement === null) throw notFound(`Cannot ${what}: no meter is placed by ${c.req.param("id")}`);
        const dropped = await readingsDroppedUntil(tx);
        return { ...placement, ...(dropped !== null && placement.from < dropped && { unchangedBefore: dropped }) };
      });
    } catch (error) {
      throw refusalOf(error, what, wanted) ?? error;
    }
  }

  return app;
}

/** What was read at the end was read at some time. */
function refuseEndless(what: string, { to, endReadings = [] }: { to?: string | null; endReadings?: unknown[] }) {
  if (typeof to === "string" || endReadings.length === 0) return;
  throw new Problem(400, "invalid", `Cannot ${what}: to: expected the time at which endReadings were read`);
}

/** Why the database refused, as a sentence that names the culprit; the transaction was rolled back. */
function refusalOf(
  error: unknown,
  what: string,
  { meter = "the meter", unitId = "of that id" }: { meter?: string; unitId?: string },
) {
  switch (sqlState(error)) {
    case "23P01": {
      const detail = `Cannot ${what}: ${meter} is in a unit in that time; end or change that placement first`;
      return new Problem(409, "placed_elsewhere", detail);
    }
    case "23503":
      return notFound(`Cannot ${what}: there is no unit ${unitId}, or no meter ${meter}`);
    case "23514":
    case "22000":
      return new Problem(400, "invalid", `Cannot ${what}: to: expected a time after the meter was put in`);
    default:
      return null;
  }
}

function sqlState(error: unknown): unknown {
  return (Object(error) as { code?: unknown }).code;
}
