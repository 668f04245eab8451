import { assertEquals } from "@std/assert";
import { DECODER_VERSION } from "@mbus-gateway/mbus";
import {
  type BilledPeriod,
  closeBillingPeriod,
  findBilledPeriod,
  openBillingPeriod,
  placeMeter,
  refreshConsumption,
} from "../../../server/consumption/mod.ts";
import { type Database, migrate, openDatabase, tenantTransaction, type Tx } from "../../../server/db/mod.ts";
import { embeddedPostgres } from "../../../server/embedded/postgres.ts";
import { createIngest } from "../../../server/ingest/mod.ts";
import { embeddedFolder } from "../../fixtures/embedded_folder.ts";
import { needs } from "../../fixtures/needs.ts";
import { freshDatabase } from "../../fixtures/private_postgres.ts";
import { heatMeterFrame, payload, readout } from "../../fixtures/readouts.ts";
import { runToEnd, serverRights } from "../../fixtures/server_process.ts";

const HOUR = 3_600_000;
const START = Date.parse("2026-01-30T23:00:00Z"); // the end of a month in Copenhagen
const DAYS = 4;
/** The energy counter goes over its five digits within the second day. */
const FIRST_KWH = 99_970;

interface Site {
  env: Record<string, string>;
  /** Runs work on the database; an embedded one has one process at a time. */
  with<T>(work: (database: Database) => Promise<T>): Promise<T>;
}

/**
 * Hourly readouts that an older decoder read a thousandfold, the volume as a mass, and whose dial it learnt wrong; reckoned,
 * and January's last day and February's first billed.
 */
async function readByAnOlderDecoder(database: Database): Promise<BilledPeriod> {
  await migrate(database);
  const { sql } = database;
  await sql`insert into gateways (tenant_id, gateway_id, token_hash) values (1, 'GW-0001', sha256('one'))`;
  await sql`insert into properties (tenant_id, name) values (1, 'Example Street 1')`;
  await sql`insert into units (tenant_id, property_id, label) values (1, 1, '1. left')`;
  const { ingest } = createIngest({ database, now: () => new Date("2026-03-01T00:00:00.000Z") });
  const readouts = Array.from({ length: DAYS * 24 + 1 }, (_, index) =>
    readout({
      seq: index + 1,
      readAt: new Date(START + index * HOUR).toISOString(),
      frames: [heatMeterFrame({
        energyKwh: (FIRST_KWH + index) % 100_000,
        records: [{ field: "int32", vib: "13", value: 5000 + index * 2 }],
      })],
    }));
  await ingest([{ origin: "mqtt", gateway: "GW-0001", payload: payload(readouts) }]);
  await sql`update series set quantity = 'mass', unit = 'kg' where quantity = 'volume'`;
  await sql`
    update readings set value = value * 1000, decoder_version = ${DECODER_VERSION - 1} from series
    where (series.tenant_id, series.series_id) = (readings.tenant_id, readings.series_id) and quantity = 'energy'`;
  await sql`update telegrams set decoder_version = ${DECODER_VERSION - 1}`;
  await sql`insert into series_registers (tenant_id, series_id, exponent) select tenant_id, series_id, 6 from series`;
  const inTenant = <T>(work: (tx: Tx) => Promise<T>) => tenantTransaction(database, 1, work);
  const place = { unitId: "1", meter: "1", role: "heat", from: "2026-01-01T00:00:00Z", startReadings: [] };
  await inTenant((tx) => placeMeter(tx, 1, place));
  const days = { property: "1", from: "2026-01-31", to: "2026-02-02" };
  const id = (await inTenant((tx) => openBillingPeriod(tx, 1, days)))?.id ?? "";
  await refreshConsumption({ database });
  assertEquals(await inTenant((tx) => closeBillingPeriod(tx, 1, id, new Date("2026-03-01T00:00:00Z"))), null);
  return await inTenant((tx) => findBilledPeriod(tx, 1, id)) as BilledPeriod;
}

/** What each counter consumed, with what is to be known of it. */
async function consumed({ sql }: Database, resolution: string) {
  const rows = await sql`
    select quantity, trim_scale(amount)::text as amount, flags from consumption join series using (tenant_id, series_id)
    where resolution = ${resolution} order by quantity, period_start`;
  return rows.map(({ quantity, amount, flags }) => [quantity, amount, ...flags]);
}

const amounts = (of: { quantity: string; amount: string }[]) =>
  of.map(({ quantity, amount }) => [quantity, amount]).sort();

async function carriesThrough(site: Site) {
  const billed = await site.with(readByAnOlderDecoder);
  assertEquals(amounts(billed.figures), [["energy", "48000000"], ["mass", "0.096"]]);

  const run = ["redecode", "--since", "2026-01-01", "--json"];
  const { code, stdout, stderr } = await runToEnd([...serverRights(site.env), "main.ts", ...run], site.env);
  assertEquals(code, 0, stderr);
  // Energies revised, but for the nought after the last of five digits; masses taken back; volumes added.
  assertEquals(JSON.parse(stdout).changed, 3 * (DAYS * 24 + 1) - 1);

  await site.with(async (database) => {
    await refreshConsumption({ database });
    const energy = (amount: string, count: number) => Array.from({ length: count }, () => ["energy", amount]);
    const volume = (amount: string, count: number) => Array.from({ length: count }, () => ["volume", amount]);
    const hours = await consumed(database, "hour");
    assertEquals(hours.map(([quantity, amount]) => [quantity, amount]), [
      ...energy("1000", DAYS * 24),
      ...volume("0.002", DAYS * 24),
    ]);
    assertEquals(hours.filter((row) => row.includes("rollover")).length, 1);
    const days = (await consumed(database, "day")).map(([quantity, amount]) => [quantity, amount]);
    assertEquals(days, [...energy("24000", DAYS), ...volume("0.048", DAYS)]);
    assertEquals((await consumed(database, "month")).map(([quantity, amount]) => [quantity, amount]), [
      ...[["energy", "24000"], ["energy", "72000"]],
      ...[["volume", "0.048"], ["volume", "0.144"]],
    ]);

    const now = await tenantTransaction(database, 1, (tx) => findBilledPeriod(tx, 1, billed.id));
    assertEquals(now?.figures, billed.figures);
    assertEquals(amounts(now?.corrections ?? []), [["energy", "-47952000"], ["mass", "-0.096"], ["volume", "0.096"]]);
    assertEquals((await database.sql`select from consumption_changes`).length, 0);
  });
}

Deno.test({
  name: "redecode is carried through to consumption, and corrects what was billed, on PostgreSQL",
  ...needs("initdb"),
  async fn() {
    await using at = await freshDatabase();
    await carriesThrough({ env: { DATABASE_URL: at.url }, with: (work) => work(at.database) });
  },
});

Deno.test("redecode is carried through to consumption, and corrects what was billed, on the embedded database", async () => {
  await using prepared = await embeddedFolder();
  const folder = await Deno.makeTempDir();
  await using _ = { [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }) };
  await Deno.rename(prepared.path, `${folder}/postgres`);
  await Deno.mkdir(prepared.path); // for its own disposal
  await carriesThrough({
    env: { DATA_DIR: folder },
    async with(work) {
      await using postgres = await embeddedPostgres(`${folder}/postgres`);
      await using database = await openDatabase({ url: postgres.url, maxConnections: 1 });
      return await work(database);
    },
  });
});
