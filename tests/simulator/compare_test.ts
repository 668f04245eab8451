import { assertEquals, assertStringIncludes } from "@std/assert";
import type postgres from "postgres";
import { openSpool, type Spool } from "../../gateway/spool.ts";
import { testDatabase } from "../fixtures/private_postgres.ts";
import { compare, type Comparison } from "./compare.ts";
import { type BookedAnswer, openLedger, readLedger } from "./ledger.ts";
import { simulatedMeters } from "./meters.ts";
import { Segment } from "./segment.ts";

const GATEWAY = "GW-0001";
const NOON = Date.UTC(2026, 0, 31, 12);

/** A site whose meters answered, whose spool took every answer, and whose database holds what was delivered. */
interface Site {
  sql: postgres.Sql;
  spool: Spool;
  answers: BookedAnswer[];
  compare(options?: { kills?: number; drained?: boolean; sql?: postgres.Sql }): Promise<Comparison>;
}

/** Six meters answer three times each; the spool takes all, and each of `delivered` readouts reaches the database. */
async function withSite(body: (site: Site) => Promise<void>, { delivered = 18, taken = 18 } = {}) {
  const folder = await Deno.makeTempDir({ prefix: "mbus_compare_" });
  try {
    const path = `${folder}/ledger.ndjson`;
    answer(path);
    const answers = [...readLedger(path).values()];
    await using test = await testDatabase();
    const sql = test.database.sql;
    using spool = openSpool(`${folder}/spool.db`);
    for (const { frames, time } of answers.slice(0, taken)) {
      const bytes = frames.map((frame) => Uint8Array.fromHex(frame));
      spool.put({ bus: "main", address: "p1", readAt: time, clock: "trusted", frames: bytes });
    }
    for (const [index, booked] of answers.slice(0, delivered).entries()) {
      await hold(sql, spool.epoch, index + 1, booked);
    }
    if (delivered > 0) spool.release([[1, delivered]]);
    const options = { ledger: path, spools: [`${folder}/spool.db`], sql, gateway: GATEWAY };
    await body({ sql, spool, answers, compare: (more) => compare({ ...options, ...more }) });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function answer(path: string) {
  let time = NOON;
  using ledger = openLedger(path);
  const segment = new Segment(simulatedMeters(6, { now: NOON }), { ledger, now: () => time });
  for (let round = 0; round < 3; round++) {
    for (let address = 1; address <= 6; address++) {
      time += 1000;
      segment.handle({ control: 0x40, address, ci: null, data: new Uint8Array() });
      for (const control of address === 6 ? [0x7b, 0x5b] : [0x7b]) {
        for (const { telegram } of segment.handle({ control, address, ci: null, data: new Uint8Array() })) {
          const { counter = 0, index = 0 } = telegram ?? {};
          ledger.append({ type: "sent", counter, telegram: index, fault: null });
        }
      }
    }
  }
}

/** Writes a readout as a right server would, from the ledger alone. */
async function hold(sql: postgres.Sql, epoch: string, seq: number, booked: BookedAnswer) {
  const { manufacturer, identification, version, deviceTypeCode } = booked.meter;
  const identity = `${manufacturer}:${identification}:${version}:${deviceTypeCode}`;
  const month = booked.time.slice(0, 10);
  await sql`select ensure_month('telegrams', ${month}), ensure_month('readings', ${month})`;
  await sql`insert into gateways (tenant_id, gateway_id, token_hash)
    values (1, ${GATEWAY}, sha256('token')) on conflict do nothing`;
  await sql`insert into meters (tenant_id, identity) values (1, ${identity}) on conflict do nothing`;
  for (const [position, frame] of booked.frames.entries()) {
    await sql`
      insert into telegrams (tenant_id, gateway_id, epoch, seq, read_at, position, kind, bytes, bus, address,
        clock_trusted, meter_id, decoder_version)
      select 1, ${GATEWAY}, ${epoch}, ${seq}, ${booked.time}, ${position}, 'frame', decode(${frame}, 'hex'), 'main', 'p1',
        true, meter_id, 1
      from meters where identity = ${identity}`;
  }
  const dials = JSON.stringify(booked.registers.map((dial) => ({ ...dial, modifiers: dial.modifiers.join(" ") })));
  await sql`
    insert into series (tenant_id, meter_id, quantity, unit, function, storage_number, tariff, subunit, modifiers,
      occurrence)
    select 1, meter_id, quantity, unit, function, "storageNumber", tariff, subunit, modifiers, occurrence
    from meters, jsonb_to_recordset(${dials}::text::jsonb) as dial (quantity text, unit text, function text,
      "storageNumber" bigint, tariff bigint, subunit bigint, modifiers text, occurrence integer)
    where identity = ${identity} on conflict do nothing`;
  await sql`
    insert into readings (tenant_id, series_id, time, value, telegram_id, decoder_version)
    select 1, series_id, t.read_at, value::numeric, t.telegram_id, 1
    from jsonb_to_recordset(${dials}::text::jsonb) as dial (telegram integer, quantity text, unit text, function text,
      "storageNumber" bigint, tariff bigint, subunit bigint, modifiers text, occurrence integer, value text)
    join telegrams t on t.epoch = ${epoch} and t.seq = ${seq} and t.position = dial.telegram
    join series s using (meter_id, quantity, unit, function, tariff, subunit, modifiers, occurrence)
    where s.storage_number = dial."storageNumber"`;
}

function assertDiffers(comparison: Comparison, ...sentences: string[]) {
  assertEquals(comparison.ok, false);
  for (const sentence of sentences) assertStringIncludes(comparison.differences.join("\n"), sentence);
}

Deno.test("compare() finds no difference where every answer is held once and equal", () =>
  withSite(async (site) => {
    const { readings, ...comparison } = await site.compare();
    assertEquals(comparison, {
      ok: true,
      answered: 18,
      answeredWhole: 18,
      taken: 18,
      held: 18,
      waiting: 0,
      untaken: 0,
      differenceCount: 0,
      differences: [],
    });
    assertEquals(readings, site.answers.reduce((sum, { registers }) => sum + registers.length, 0));
  }));

Deno.test("compare() tells what waits in the spool from what is lost", async () => {
  await withSite(async (site) => {
    const halfway = await site.compare({ drained: false });
    assertEquals([halfway.ok, halfway.taken, halfway.held, halfway.waiting], [true, 18, 16, 2]);
    assertDiffers(await site.compare(), "not delivered: readout 17");
    site.spool.release([[18, 18]]);
    assertDiffers(
      await site.compare({ drained: false }),
      "lost: readout 18 of epoch",
      "not taken: 1 whole answers (18",
    );
    site.spool.park(17, "too_old", "The server did not want it");
    assertDiffers(await site.compare({ drained: false }), "parked: readout 17", "too_old");
  }, { delivered: 16 });
});

Deno.test("compare() allows one answer a bus for each kill not to have been taken", () =>
  withSite(async (site) => {
    assertEquals((await site.compare({ kills: 2 })).ok, true);
    assertDiffers(await site.compare({ kills: 1 }), "not taken: 2 whole answers (17, 18");
  }, { taken: 16, delivered: 16 }));

const TAMPERINGS: [string, (sql: postgres.Sql) => Promise<unknown>, string][] = [
  [
    "a wrong last digit",
    (sql) => sql`update readings set value = value + 0.1 where ctid = (select min(ctid) from readings)`,
    "wrong value: answer",
  ],
  [
    "a lost reading",
    (sql) => sql`delete from readings where (series_id, time) = (select series_id, time from readings limit 1)`,
    "missing: answer",
  ],
  [
    "a doubled reading",
    (sql) =>
      sql`insert into readings (tenant_id, series_id, time, revision, value, is_current, telegram_id, decoder_version)
          select tenant_id, series_id, time, 2, value, false, telegram_id, decoder_version from readings limit 1`,
    "doubled: answer",
  ],
  [
    "a lost readout",
    (sql) =>
      sql`with gone as (delete from telegrams where seq = 3 returning telegram_id)
                 delete from readings where telegram_id in (select telegram_id from gone)`,
    "lost: readout 3 of epoch",
  ],
  ["a lost telegram", (sql) => sql`delete from telegrams where seq = 6 and position = 1`, "other bytes: readout 6 of"],
  [
    "an answer held in two readouts",
    (sql) =>
      sql`insert into telegrams select tenant_id, gateway_id, epoch, 19, read_at, position, nextval('telegram_ids'), kind,
            bytes, bus, address, clock_trusted, corrected_read_at, received_at, meter_id, decoder_version, decode_error
          from telegrams where seq = 3`,
    "doubled: answer 3 came in readout 3",
  ],
  [
    "a readout that was never taken",
    (sql) => sql`update telegrams set seq = 99 where seq = 4`,
    "never taken: readout 99",
  ],
  [
    "a changed byte",
    (sql) => sql`update telegrams set bytes = set_byte(bytes, 40, get_byte(bytes, 40) # 1) where seq = 2`,
    "other bytes: readout 2",
  ],
  [
    "an answer that no meter gave",
    (sql) => sql`update telegrams set bytes = set_byte(bytes, 25, 1) where seq = 2`,
    "never answered: readout 2",
  ],
  [
    "a reading under another meter's name",
    (sql) => sql`update meters set identity = 'SIM:99999999:1:4' where identity like 'SIM:10001001:%'`,
    "wrong meter: answer 1",
  ],
  [
    "a series of another unit",
    (sql) => sql`update series set unit = 'J' where unit = 'Wh'`,
    "not in the ledger: answer",
  ],
  [
    "a reading at another time",
    (sql) =>
      sql`update readings set time = time + interval '1 s'
          where (series_id, time) = (select series_id, max(time) from readings group by series_id limit 1)`,
    "wrong time: answer",
  ],
  [
    "a reading that cannot be traced",
    (sql) =>
      sql`update readings set telegram_id = -1 where (series_id, time) = (
                   select series_id, time from readings limit 1)`,
    "untraceable:",
  ],
  ["NaN", (sql) => sql`update readings set value = 'NaN'`, "held is NaN"],
  [
    "a telegram that was not decoded",
    (sql) => sql`update telegrams set decode_error = 'Cannot decode telegram' where seq = 5`,
    "undecoded: readout 5",
  ],
];

Deno.test("compare() detects", async (t) => {
  await withSite(async (site) => {
    for (const [name, tamper, sentence] of TAMPERINGS) {
      await t.step(name, async () => {
        const undone = new Error("The tampering is undone");
        await site.sql.begin(async (tx) => {
          const sql = tx as unknown as postgres.Sql;
          await tamper(sql);
          assertDiffers(await site.compare({ sql }), sentence);
          throw undone;
        }).catch((error) => {
          if (error !== undone) throw error;
        });
      });
    }
  });
});

Deno.test("compare() imports nothing of the decoder", async () => {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["info", "--json", `${import.meta.dirname}/compare.ts`],
  }).output();
  const { modules } = JSON.parse(new TextDecoder().decode(stdout)) as { modules: { specifier: string }[] };
  const files = modules.map(({ specifier }) => specifier).filter((file) => file.startsWith("file:"));
  assertEquals(files.length > 5, true);
  assertEquals(files.filter((file) => file.includes("/shared/mbus/")), []);
});
