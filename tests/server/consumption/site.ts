import { refreshConsumption } from "../../../server/consumption/refresh.ts";
import { ingestTransaction } from "../../../server/db/mod.ts";
import { readingBatch } from "../../../server/ingest/reading_batch.ts";
import { type TestDatabase, testDatabase } from "../../fixtures/private_postgres.ts";

/** A reading of a made-up counter. */
export interface Reading {
  series: string;
  time: number | string;
  value: string;
}

/** A database with a property in a time zone, one unit, and two heat meters with a counter of energy each. */
export async function site({ timeZone = "Europe/Copenhagen", database: open = testDatabase }: {
  timeZone?: string;
  database?: () => Promise<TestDatabase>;
} = {}) {
  const stack = new AsyncDisposableStack();
  const { database } = stack.use(await open());
  const { sql } = database;
  await sql`insert into properties (tenant_id, name, time_zone) values (1, 'Example Street 1', ${timeZone})`;
  await sql`insert into units (tenant_id, property_id, label) values (1, 1, '1. left')`;
  await sql`insert into meters (tenant_id, identity) values (1, 'MGW:00000001:1:4'), (1, 'MGW:00000002:1:4')`;
  await sql`
    insert into series (
      tenant_id, meter_id, quantity, unit, function, storage_number, tariff, subunit, modifiers, occurrence
    )
    select 1, meter_id, 'energy', 'Wh', 'instantaneous', 0, 0, 0, '', 0 from meters order by meter_id`;
  await sql`insert into series_registers (tenant_id, series_id, exponent) values (1, 1, 0), (1, 2, 0)`;

  return {
    database,
    sql,
    /** Puts a meter into the unit. */
    async place(meter: number, from: string, to: string | null = null) {
      await sql`
        insert into placements (tenant_id, unit_id, meter_id, role, valid_from, valid_to)
        values (1, 1, ${meter}, 'heat', ${from}, ${to})`;
    },
    /** Readings on the way that ingest has: a new value at an instant is a revision. */
    async take(readings: Reading[]) {
      const rows = readings.map(({ series, time, value }) => ({
        ...{ tenantId: 1, seriesId: series, value, telegramId: "1", decoderVersion: 1 },
        time: new Date(time).toISOString(),
      }));
      for (const month of new Set(rows.map(({ time }) => `${time.slice(0, 7)}-01`))) {
        await sql`select ensure_month('readings', ${month}::text::date)`;
      }
      await ingestTransaction(database, (tx) =>
        readingBatch(tx, 5000, async (batch) => {
          for (const row of rows) await batch.add(row);
        }));
    },
    refresh: () => refreshConsumption({ database }),
    /** Rows as [start, amount, what is to be known of it], by time. */
    async consumption(resolution: "hour" | "day" | "month", series = "1") {
      const rows = await sql`
        select period_start, amount::text, start_interpolated or end_interpolated as interpolated, partial, flags
        from consumption
        where resolution = ${resolution} and series_id = ${series} order by period_start, placement_id`;
      return rows.map(({ period_start, amount, interpolated, partial, flags }) => {
        const words = [...(interpolated ? ["interpolated"] : []), ...(partial ? ["partial"] : []), ...flags];
        return [(period_start as Date).toISOString(), amount as string, words.join(" ")] as const;
      });
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

export type ConsumptionSite = Awaited<ReturnType<typeof site>>;
