import { refreshConsumption } from "../../../server/consumption/refresh.ts";
import { encodePayload, type Readout, type StatedValue } from "@mbus-gateway/wire";
import { createIngest } from "../../../server/ingest/mod.ts";
import { EPOCH } from "../../fixtures/readouts.ts";
import { type TestDatabase, testDatabase } from "../../fixtures/private_postgres.ts";

/** A reading of a made-up counter. */
export interface Reading {
  /** "1" is the first meter's counter of energy, "2" the second's. */
  series: string;
  time: number | string;
  value: string;
  /** Its gateway noted a jump. */
  jumped?: boolean;
}

/** When readouts are taken in: after all of them. */
const LATER = new Date("2100-01-01T00:00:00.000Z");
const ENERGY: Omit<StatedValue, "value"> = {
  ...{ quantity: "energy", unit: "Wh", storageNumber: 0, tariff: 0, subunit: 0, modifiers: [] },
  function: "instantaneous",
};

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
  await sql`
    insert into gateways (tenant_id, gateway_id, token_hash) values (1, 'GW-0001', sha256('one'))`;
  await sql`insert into series_registers (tenant_id, series_id, exponent) values (1, 1, 0), (1, 2, 0)`;

  const { ingest } = createIngest({ database, now: () => LATER });
  let seq = 0;
  return {
    database,
    sql,
    /** Puts a meter into the unit. */
    async place(meter: number, from: string, to: string | null = null) {
      await sql`
        insert into placements (tenant_id, unit_id, meter_id, role, valid_from, valid_to)
        values (1, 1, ${meter}, 'heat', ${from}, ${to})`;
    },
    /** Readings through ingest, as a gateway states them that keeps no frames; a new value at an instant is a revision. */
    async take(readings: Reading[]) {
      const readouts = readings.map(({ series, time, value, jumped }): Readout => ({
        ...{ seq: ++seq, bus: "main", address: `p${series}`, clock: "trusted", readAt: new Date(time).toISOString() },
        meter: { manufacturer: "MGW", identification: `0000000${series}`, version: 1, deviceTypeCode: 4 },
        values: [{ ...ENERGY, value }],
        ...(jumped && { flags: ["implausible_jump"] }),
      }));
      const sentAt = "2026-01-31T12:00:00.000Z";
      const payload = encodePayload({ gateway: "GW-0001", epoch: EPOCH, sentAt, readouts });
      await ingest([{ origin: "mqtt", gateway: "GW-0001", payload }]);
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
