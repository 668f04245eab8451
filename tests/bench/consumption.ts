import type { Sql } from "../../server/db/mod.ts";
import { refreshConsumption } from "../../server/consumption/mod.ts";
import { findProgram } from "../fixtures/needs.ts";
import { freshDatabase } from "../fixtures/private_postgres.ts";
import { numberOption, readable, report } from "./report.ts";

const ROWS = 5000;

/**
 * What noting changed readings costs those that take readings in, and how fast consumption is reckoned, on a private
 * PostgreSQL: `--counters=N` (default 200), each with an hourly reading for `--days=N` (default 30).
 */
export async function benchConsumption(options: string[]): Promise<void> {
  if (findProgram("initdb") === null) throw new Error("Cannot bench consumption: it needs PostgreSQL");
  await using site = await freshDatabase();
  const { sql } = site.database;
  const [counters, days] = [numberOption(options, "counters", 200), numberOption(options, "days", 30)];
  await sql`
    insert into meters (tenant_id, identity) select 1, 'MGW:' || n || ':1:4' from generate_series(1, ${counters}) n`;
  await sql`
    insert into series (
      tenant_id, meter_id, quantity, unit, function, storage_number, tariff, subunit, modifiers, occurrence
    ) select 1, meter_id, 'energy', 'Wh', 'instantaneous', 0, 0, 0, '', 0 from meters`;
  await sql`insert into series_registers (tenant_id, series_id, exponent) select 1, series_id, 3 from series`;
  for (const month of ["2026-01-01", "2026-02-01", "2026-03-01"]) {
    await sql`select ensure_month('readings', ${month}::text::date)`;
  }

  const times = { noted: Infinity, bare: Infinity };
  for (let round = 0; round < 40; round++) {
    const way = round % 2 === 0 ? "noted" : "bare";
    await sql.unsafe(`alter table readings ${way === "noted" ? "enable" : "disable"} trigger note_inserted_readings`);
    times[way] = Math.min(times[way], await insertMs(sql, round));
  }
  await sql`alter table readings enable trigger note_inserted_readings`;
  report(
    `insert of ${ROWS} readings in one statement, best ms: noted, not noted`,
    `${readable(times.noted)}, ${readable(times.bare)}`,
  );
  report("ratio: not noted / noted", readable(times.bare / times.noted));

  await sql`truncate readings, consumption_changes`;
  await sql`
    insert into readings (tenant_id, series_id, time, value, telegram_id, decoder_version)
    select 1, series_id, '2026-01-01'::timestamptz + n * interval '1 hour', n * 1000, 1, 1
    from series cross join generate_series(0, ${days * 24}) n`;
  const all = await seconds(() => refreshConsumption({ database: site.database }));
  report("readings reckoned a second, from the first on", readable(counters * days * 24 / all));
  await sql`
    insert into readings (tenant_id, series_id, time, value, telegram_id, decoder_version)
    select 1, series_id, '2026-01-01'::timestamptz + ${days * 24 + 1} * interval '1 hour', ${days * 24 + 1} * 1000, 1, 1
    from series`;
  const next = await seconds(() => refreshConsumption({ database: site.database }));
  report("counters reckoned a second, each with one more reading", readable(counters / next));
}

/** New readings in one statement, each a series of its own, as ingest writes them. */
async function insertMs(sql: Sql, minute: number): Promise<number> {
  const start = performance.now();
  await sql`
    insert into readings (tenant_id, series_id, time, value, telegram_id, decoder_version)
    select 1, n, '2026-02-01'::timestamptz + ${minute} * interval '1 minute', n, 1, 1
    from generate_series(1, ${ROWS}) n
    on conflict do nothing`;
  return performance.now() - start;
}

async function seconds(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1000;
}
