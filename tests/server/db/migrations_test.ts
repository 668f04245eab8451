import { assertEquals } from "@std/assert";
import { migrate, migrations, openDatabase } from "../../../server/db/mod.ts";
import { needs } from "../../fixtures/needs.ts";
import { freshDatabase } from "../../fixtures/private_postgres.ts";

Deno.test({
  name: "migration 0006 takes on jumps and dropped readings of before, also where the tables' owner is no superuser",
  ...needs("initdb"),
  async fn() {
    await using at = await freshDatabase({ migrated: false });
    await at.database.sql`create role owner login createrole`;
    await at.database.sql.unsafe(`alter database ${new URL(at.url).pathname.slice(1)} owner to owner`);
    await at.database.sql`grant all on schema public to owner`;
    await using owned = await openDatabase({ url: at.url.replace("postgres@", "owner@"), maxConnections: 1 });
    await migrate(owned, migrations.filter(({ name }) => name < "0006"));

    const { sql } = at.database;
    await owned.sql`select ensure_month('telegrams', '2026-03-01'), ensure_month('readings', '2026-03-01')`;
    await sql`insert into meters (tenant_id, identity) values (1, 'MGW:00000001:1:4')`;
    await sql`
      insert into series (
        tenant_id, meter_id, quantity, unit, function, storage_number, tariff, subunit, modifiers, occurrence
      ) values (1, 1, 'energy', 'Wh', 'instantaneous', 0, 0, 0, '', 0)`;
    await sql`
      insert into telegrams (
        tenant_id, gateway_id, epoch, seq, read_at, position, telegram_id, kind, bytes, bus, address, clock_trusted,
        meter_id, decoder_version, flags
      )
      select 1, 'GW-0001', '00000000-0000-4000-8000-000000000001', seq, '2026-03-01T12:00:00Z', 0, seq, 'frame', '', 'main',
        'p1', true, 1, 3, case seq when 7 then array['backwards', 'implausible_jump'] end
      from generate_series(6, 8) seq`;
    await sql`
      insert into consumption values
        (1, 1, 0, 'day', '2026-02-03', '2026-02-04', 10, false, false, false, '{}')`;

    assertEquals((await migrate(owned)).includes("0006_reckoning"), true);
    assertEquals([...await sql`select telegram_id::int as id from implausible_telegrams`], [{ id: 7 }]);
    assertEquals(
      [...await sql`select first, last, series_ids from consumption_changes`],
      [{ first: new Date("2026-03-01T12:00:00Z"), last: new Date("2026-03-01T12:00:00Z"), series_ids: ["1"] }],
    );
    assertEquals([...await sql`select * from dropped_until`], [
      { parent: "readings", until: new Date("2026-03-01T00:00:00Z") },
    ]);
    assertEquals([...await owned.sql`select drop_months_before('readings', '2026-04-01') as name`], [
      { name: "readings_2026_03" },
    ]);
    assertEquals((await sql`select until from dropped_until`)[0]?.until, new Date("2026-04-01T00:00:00Z"));
  },
});
