import { Hono } from "@hono/hono";
import * as v from "valibot";
import { tenantTransaction } from "../db/mod.ts";
import type { HttpDeps, HttpEnv } from "./deps.ts";
import { parseQuery } from "./door.ts";
import { Limit, Moment, RowId } from "./fields.ts";
import { seriesColumns, type SeriesRow, splitModifiers } from "./meter_queries.ts";
import { Problem } from "./problem.ts";

const Query = {
  meter: v.optional(RowId),
  series: v.optional(RowId),
  quantity: v.optional(v.pipe(v.string(), v.regex(/^[a-z][a-z0-9_]{0,63}$/, "expected a quantity such as energy"))),
  /** The first moment. */
  from: v.optional(Moment),
  /** The moment behind the last. */
  to: v.optional(Moment),
  limit: Limit(1000, 10_000),
  /** `next` of the answer before. */
  after: v.optional(v.pipe(
    v.string(),
    v.regex(/^[1-9]\d{0,17}_\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/, "expected `next` of the answer before"),
    v.check((text) => !Number.isNaN(Date.parse(text.split("_")[1] ?? "")), "expected `next` of the answer before"),
  )),
};

type Row = SeriesRow & {
  modifierText: string;
  meter: string;
  time: Date;
  value: string;
  revision: number;
  telegram: string;
};

/**
 * `/api/v1/readings`: the current values, by series and then by time, so that a page begins where the last one ended in
 * the index. Values are exact decimals as texts; `telegram` names what `/api/v1/meters/{meter}/telegrams/{telegram}` shows.
 */
export function readingsApi({ database }: HttpDeps): Hono<HttpEnv> {
  return new Hono<HttpEnv>().get("/", async (c) => {
    const { meter = null, series = null, quantity = null, from, to, limit, after } = parseQuery(c, Query);
    if (from !== undefined && to !== undefined && from >= to) {
      throw new Problem(400, "invalid", "Cannot read query: to: expected a time after `from`");
    }
    const [afterSeries = "0", afterTime = null] = after?.split("_") ?? [];
    const tenantId = c.get("tenantId");
    const rows = await tenantTransaction(
      database,
      tenantId,
      (tx) =>
        tx<Row[]>`
        select ${seriesColumns(tx)}, meter_id::text as meter, found.time, found.value::text, found.revision,
          found.telegram_id::text as telegram
        from series cross join lateral (
          select time, value, revision, telegram_id from readings
          where readings.tenant_id = ${tenantId} and readings.series_id = series.series_id and is_current
            and time >= ${from ?? "-infinity"}::text::timestamptz and time < ${to ?? "infinity"}::text::timestamptz
            and (series.series_id > ${afterSeries}::text::bigint or time > ${afterTime}::text::timestamptz)
          order by time limit ${limit}
        ) found
        where series.tenant_id = ${tenantId} and series.series_id >= ${afterSeries}::text::bigint
          and (${meter}::text is null or meter_id = ${meter}::text::bigint)
          and (${series}::text is null or series.series_id = ${series}::text::bigint)
          and (${quantity}::text is null or quantity = ${quantity}::text)
        order by series.series_id, found.time limit ${limit}`,
    );
    const last = rows.length === limit ? rows.at(-1) : undefined;
    return c.json({
      readings: rows.map(({ id, modifierText, meter, time, value, revision, telegram, ...address }) => {
        const { quantity, unit, ...rest } = address;
        return {
          meter,
          series: id,
          time,
          quantity,
          unit,
          value,
          ...rest,
          modifiers: splitModifiers(modifierText),
          revision,
          telegram,
        };
      }),
      next: last === undefined ? null : `${last.id}_${last.time.toISOString()}`,
    });
  });
}
