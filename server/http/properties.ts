import { Hono } from "@hono/hono";
import * as v from "valibot";
import { noteTimeZone } from "../consumption/mod.ts";
import { tenantTransaction, type Tx } from "../db/mod.ts";
import type { HttpDeps, HttpEnv } from "./deps.ts";
import { limitBody, parseBody, parseQuery, rowId } from "./door.ts";
import { Limit, RowId, Text } from "./fields.ts";
import { notFound, Problem } from "./problem.ts";

/** An area in square metres as exact decimal text; a JSON number is taken too. */
const Area = v.pipe(
  v.union([v.string(), v.number()], "expected a decimal number of square metres"),
  v.transform(String),
  v.regex(/^\d{1,7}(?:\.\d{1,4})?$/, "expected square metres as a decimal with at most four places"),
  v.check((text) => Number(text) > 0, "expected more than 0 m²"),
);

const Name = Text(200);
const Address = v.nullable(Text(500));
const MunicipalityCode = v.nullable(v.pipe(v.string(), v.regex(/^\d{4}$/, "expected four digits")));
const TimeZone = v.pipe(v.string(), v.check(isTimeZone, "expected a time zone such as Europe/Copenhagen"));

const NewProperty = {
  name: Name,
  address: v.optional(Address, null),
  municipalityCode: v.optional(MunicipalityCode, null),
  timeZone: v.optional(TimeZone, "Europe/Copenhagen"),
  units: v.optional(
    v.pipe(
      v.array(v.strictObject({ label: Text(100), areaM2: v.optional(v.nullable(Area), null) })),
      v.maxLength(10_000, "expected at most 10000 units"),
    ),
    [],
  ),
};

/** What is absent stays. */
const Changes = {
  name: v.optional(Name),
  address: v.optional(Address),
  municipalityCode: v.optional(MunicipalityCode),
  timeZone: v.optional(TimeZone),
};

type Changes = v.InferOutput<v.StrictObjectSchema<typeof Changes, undefined>>;
type NewProperty = v.InferOutput<v.StrictObjectSchema<typeof NewProperty, undefined>>;

/**
 * `/api/v1/properties`: a property with its units, created in one transaction, all or nothing. Where its time zone is
 * changed, all that was consumed there is reckoned anew.
 */
export function propertiesApi({ database }: HttpDeps): Hono<HttpEnv> {
  const app = new Hono<HttpEnv>();

  app.post("/", limitBody(2 * 1024 * 1024), async (c) => {
    const wanted = await parseBody(c, NewProperty);
    const tenantId = c.get("tenantId");
    try {
      const created = await tenantTransaction(database, tenantId, (tx) => create(tx, tenantId, wanted));
      return c.json(created, 201, { location: `/api/v1/properties/${created.id}` });
    } catch (error) {
      throw conflictOf(error, wanted) ?? error;
    }
  });

  app.patch("/:id", async (c) => {
    const wanted = await parseBody(c, Changes);
    const id = rowId(c);
    const tenantId = c.get("tenantId");
    try {
      const changed = id === null
        ? null
        : await tenantTransaction(database, tenantId, (tx) => change(tx, { tenantId, id }, wanted));
      if (changed === null) throw notFound(`Cannot change property: there is no property ${c.req.param("id")}`);
      return c.json(changed);
    } catch (error) {
      throw conflictOf(error, { units: [], ...wanted }) ?? error;
    }
  });

  app.get("/", async (c) => {
    const { after = "0", limit } = parseQuery(c, { after: v.optional(RowId), limit: Limit(100, 1000) });
    const tenantId = c.get("tenantId");
    const properties = await tenantTransaction(database, tenantId, (tx) => select(tx, { tenantId, after, limit }));
    return c.json({ properties, next: properties.length === limit ? properties.at(-1)?.id : null });
  });

  app.get("/:id", async (c) => {
    const id = rowId(c);
    const tenantId = c.get("tenantId");
    const [property] = id === null
      ? []
      : await tenantTransaction(database, tenantId, (tx) => select(tx, { tenantId, id }));
    if (property === undefined) throw notFound(`Cannot show property: there is no property ${c.req.param("id")}`);
    return c.json(property);
  });

  return app;
}

interface PropertyRow {
  id: string;
  name: string;
  address: string | null;
  municipalityCode: string | null;
  timeZone: string;
  units: { id: string; label: string; areaM2: string | null }[];
}

async function create(tx: Tx, tenantId: number, wanted: NewProperty): Promise<PropertyRow> {
  const { name, address, municipalityCode, timeZone, units } = wanted;
  const [made] = await tx<{ id: string }[]>`
    insert into properties (tenant_id, name, address, municipality_code, time_zone)
    values (${tenantId}, ${name}, ${address}, ${municipalityCode}, ${timeZone})
    returning property_id::text as id`;
  if (made === undefined) throw new Error("Cannot create property: the database returned no row");
  if (units.length > 0) {
    await tx`
      insert into units (tenant_id, property_id, label, area_m2)
      select ${tenantId}, ${made.id}::text::bigint, label, area
      from jsonb_to_recordset(${tx.json(units.map(({ label, areaM2 }) => ({ label, area: areaM2 })))}::jsonb)
        as unit (label text, area numeric)`;
  }
  const [property] = await select(tx, { tenantId, id: made.id });
  if (property === undefined) throw new Error("Cannot create property: it cannot be read back");
  return property;
}

async function change(tx: Tx, of: { tenantId: number; id: string }, wanted: Changes): Promise<PropertyRow | null> {
  await tx`
    select from properties where tenant_id = ${of.tenantId} and property_id = ${of.id}::text::bigint for update`;
  const [before] = await select(tx, of);
  if (before === undefined) return null;
  const after = { ...before, ...wanted };
  await tx`
    update properties
    set name = ${after.name}, address = ${after.address}, municipality_code = ${after.municipalityCode},
      time_zone = ${after.timeZone}
    where tenant_id = ${of.tenantId} and property_id = ${of.id}::text::bigint`;
  if (after.timeZone !== before.timeZone) await noteTimeZone(tx, { tenantId: of.tenantId, propertyId: of.id });
  return after;
}

async function select(
  tx: Tx,
  { tenantId, id = null, after = "0", limit = 1 }: {
    tenantId: number;
    id?: string | null;
    after?: string;
    limit?: number;
  },
): Promise<PropertyRow[]> {
  return await tx<PropertyRow[]>`
    select property_id::text as id, name, address, municipality_code as "municipalityCode", time_zone as "timeZone",
      coalesce((
        select json_agg(
          json_build_object('id', unit_id::text, 'label', label, 'areaM2', area_m2::text) order by unit_id
        )
        from units where units.tenant_id = ${tenantId} and units.property_id = properties.property_id
      ), '[]') as units
    from properties
    where tenant_id = ${tenantId} and property_id > ${after}::text::bigint
      and (${id}::text is null or property_id = ${id}::text::bigint)
    order by property_id limit ${limit}`;
}

/** A unique key that was hit, as a sentence that names the culprit; the transaction was rolled back. */
function conflictOf(error: unknown, { name, units }: Pick<NewProperty, "units"> & Changes): Problem | null {
  const { code, table_name } = Object(error) as { code?: unknown; table_name?: unknown };
  if (code !== "23505") return null;
  if (table_name === "properties") {
    return new Problem(409, "duplicate_name", `Cannot keep property: there is one named ${JSON.stringify(name)}`);
  }
  const seen = new Set<string>();
  const twice = units.find(({ label }) => seen.size === seen.add(label).size);
  const label = JSON.stringify(twice?.label ?? "");
  return new Problem(
    409,
    "duplicate_unit",
    `Cannot create property: its unit label ${label} occurs twice; nothing was created`,
  );
}

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat("en", { timeZone: name });
    return true;
  } catch {
    return false;
  }
}
