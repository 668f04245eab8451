import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { encodeWirelessTelegram } from "@mbus-gateway/mbus";
import type { FramesReadout } from "@mbus-gateway/wire";
import { ingestTransaction } from "../../../server/db/mod.ts";
import { confirmationOf, createIngest, type IncomingMessage } from "../../../server/ingest/mod.ts";
import type { TestDatabase } from "../../fixtures/private_postgres.ts";
import { EPOCH, heatMeterFrame, payload, readout } from "../../fixtures/readouts.ts";

const now = () => new Date("2026-01-31T12:00:00.000Z");

/** What ingest must do on every database. */
export interface IngestCase {
  name: string;
  run(site: () => Promise<Site>): Promise<void>;
}

export const ingestCases: IngestCase[] = [];

function ingestCase(name: string, run: IngestCase["run"]) {
  ingestCases.push({ name, run });
}

export type Site = Awaited<ReturnType<typeof siteOn>>;

/** The gateways GW-0001 and GW-0002 on a migrated database, which is released with the site, and what takes messages in. */
export async function siteOn({ database, ...owner }: Pick<TestDatabase, "database"> & AsyncDisposable) {
  await database.sql`
    insert into gateways (tenant_id, gateway_id, token_hash)
    values (1, 'GW-0001', sha256('one')), (1, 'GW-0002', sha256('two'))`;
  const { ingest, counts } = createIngest({ database, now });
  return {
    sql: database.sql,
    database,
    counts,
    /** Takes one message in and says what became of it. */
    async take(bytes: Uint8Array, gateway = "GW-0001") {
      const [result] = await ingest([{ origin: "mqtt", gateway, payload: bytes }]);
      assert(result !== undefined);
      return result;
    },
    takeAll: (messages: IncomingMessage[]) => ingest(messages),
    [Symbol.asyncDispose]: () => owner[Symbol.asyncDispose](),
  };
}

ingestCase("ingest() stores telegrams with their bytes and values exactly, and confirms them", async (site) => {
  await using at = await site();
  const frame = heatMeterFrame({ records: [{ field: "int64", vib: "13", value: 9007199254740993n }] });
  const result = await at.take(payload([readout({ seq: 17, frames: [frame] })]));
  assertEquals(result, {
    confirmation: { gateway: "GW-0001", epoch: EPOCH, held: [[17, 17]], refused: [] },
    stored: 1,
    duplicates: 0,
    quarantined: 0,
    unreadable: null,
  });
  const [telegram] = await at.sql`select bytes, decode_error, meter_id::text from telegrams`;
  assertEquals(new Uint8Array(telegram?.bytes), frame);
  assertEquals(telegram?.decode_error, null);
  const values = await at.sql`
    select identity, quantity, unit, value::text, time, is_current, telegram_id::text = (select telegram_id::text from telegrams) as traced
    from readings join series using (tenant_id, series_id) join meters using (tenant_id, meter_id) order by quantity`;
  assertEquals(values.map(({ quantity, unit, value }) => [quantity, unit, value]), [
    ["energy", "Wh", "1234000"],
    ["volume", "m3", "9007199254740.993"],
  ]);
  assert(values.every((row) => row.traced && row.is_current && row.identity === "MGW:12345678:1:4"));
  assertEquals(values[0]?.time.toISOString(), "2026-01-31T11:59:58.123Z");
});

ingestCase("ingest() stores a message once that comes three times, also within one batch", async (site) => {
  await using at = await site();
  const bytes = payload([readout({ seq: 1 }), readout({ seq: 2, readAt: "2026-01-31T11:59:59.000Z" })], {
    compress: true,
  });
  const message = { origin: "mqtt" as const, gateway: "GW-0001", payload: bytes };
  const first = await at.takeAll([message, message]);
  const again = await at.take(bytes);
  assertEquals(first.map(({ stored, duplicates }) => [stored, duplicates]), [[2, 0], [0, 2]]);
  assertEquals([again.stored, again.duplicates], [0, 2]);
  assertEquals(again.confirmation?.held, [[1, 2]]);
  assertEquals((await at.sql`select count(*)::int as n from telegrams`)[0]?.n, 2);
  assertEquals((await at.sql`select count(*)::int as n from readings`)[0]?.n, 2);
  assertEquals(at.counts, { messages: 3, stored: 2, duplicates: 4, quarantined: 0, readings: 2, rewritten: 1 });
});

ingestCase("ingest() quarantines a message that cannot be read once for its bytes, and goes on", async (site) => {
  await using at = await site();
  const broken = new TextEncoder().encode('{"schema":');
  const results = await at.takeAll([
    { origin: "mqtt", gateway: "GW-0001", payload: broken },
    { origin: "mqtt", gateway: "GW-0001", payload: payload([readout()]) },
    { origin: "mqtt", gateway: "GW-0001", payload: broken },
  ]);
  assertEquals(results.map(({ confirmation, stored }) => [confirmation === null, stored]), [
    [true, 0],
    [false, 1],
    [true, 0],
  ]);
  const rows = await at.sql`select code, reason, payload, times::int from quarantine`;
  assertEquals(rows.length, 1);
  assertEquals([rows[0]?.code, rows[0]?.times], ["json", 2]);
  assertEquals(new Uint8Array(rows[0]?.payload), broken);
});

ingestCase("ingest() holds a bad readout in quarantine and stores its neighbours", async (site) => {
  await using at = await site();
  const json = JSON.parse(new TextDecoder().decode(payload([1, 2, 3].map((seq) => {
    return readout({ seq, readAt: `2026-01-31T11:00:0${seq}.000Z` });
  }))));
  json.readouts[1].frames = ["not hex"];
  const result = await at.take(new TextEncoder().encode(JSON.stringify(json)));
  assertEquals([result.stored, result.quarantined, result.confirmation?.held], [2, 1, [[1, 3]]]);
  const [row] = await at.sql`select code, reason, seq::int from quarantine`;
  assertEquals([row?.code, row?.seq], ["schema", 2]);
  assertStringIncludes(row?.reason, "frames");
});

ingestCase("ingest() keeps a frame that cannot be decoded, with the reason, and holds it", async (site) => {
  await using at = await site();
  const result = await at.take(payload([readout({ frames: [Uint8Array.of(0x68, 1, 2, 3)] })]));
  assertEquals([result.stored, result.confirmation?.held], [1, [[1, 1]]]);
  const [row] = await at.sql`select decode_error from telegrams`;
  assertStringIncludes(row?.decode_error, "Cannot");
});

ingestCase("ingest() sets aside what a gateway sends that nobody registered, and does not confirm it", async (site) => {
  await using at = await site();
  for (const seq of [1, 2]) {
    const result = await at.take(payload([readout({ seq })], { gateway: "GW-0404" }), "GW-0404");
    assertEquals([result.confirmation, result.quarantined], [null, 1]);
  }
  const rows = await at.sql`select tenant_id, code, gateway_id, times::int from quarantine`;
  assertEquals(rows.map((row) => ({ ...row })), [{
    tenant_id: 0,
    code: "unregistered",
    gateway_id: "GW-0404",
    times: 2,
  }]);
});

ingestCase("ingest() refuses a payload that names another gateway than its topic", async (site) => {
  await using at = await site();
  const result = await at.take(payload([readout()], { gateway: "GW-0002" }), "GW-0001");
  assertEquals([result.confirmation, result.stored, result.quarantined], [null, 0, 1]);
  assertEquals((await at.sql`select code from quarantine`)[0]?.code, "gateway_mismatch");
});

ingestCase("ingest() quarantines other bytes under a used key as epoch_reuse and holds them", async (site) => {
  await using at = await site();
  const other = readout({ frames: [heatMeterFrame({ energyKwh: 99 })] });
  await at.take(payload([readout()]));
  const result = await at.take(payload([other]));
  await at.take(payload([other]));
  assertEquals([result.stored, result.quarantined, result.confirmation?.held], [0, 1, [[1, 1]]]);
  const rows = await at.sql`select code, times::int from quarantine`;
  assertEquals(rows.map((row) => ({ ...row })), [{ code: "epoch_reuse", times: 2 }]);
  assertEquals((await at.sql`select value::text from readings`).map((row) => row.value), ["1234000"]);
});

ingestCase(
  "ingest() adds a revision where the same instant has another value, and nothing where it has the same",
  async (site) => {
    await using at = await site();
    const take = (seq: number, energyKwh: number) =>
      at.take(payload([readout({ seq, frames: [heatMeterFrame({ energyKwh, accessNumber: seq })] })]));
    await take(1, 10);
    await take(2, 10);
    await take(3, 11);
    await take(4, 10);
    const rows = await at.sql`select revision, value::text, is_current from readings order by revision`;
    assertEquals(rows.map((row) => [row.revision, row.value, row.is_current]), [
      [1, "10000", false],
      [2, "11000", false],
      [3, "10000", true],
    ]);
  },
);

ingestCase("ingest() counts identical addresses within one readout, over its telegrams", async (site) => {
  await using at = await site();
  const volts = (value: number) => ({ field: "int16" as const, vib: "FD48", value });
  const frames = [
    heatMeterFrame({ records: [volts(2301), volts(2302)] }),
    heatMeterFrame({ records: [volts(2303)] }),
  ];
  await at.take(payload([readout({ frames })]));
  const rows = await at.sql`
    select occurrence, value::text from readings join series using (tenant_id, series_id)
    where quantity = 'voltage' order by occurrence`;
  assertEquals(rows.map((row) => [row.occurrence, row.value]), [[0, "230.1"], [1, "230.2"], [2, "230.3"]]);
  assertEquals((await at.sql`select count(*)::int as n from telegrams`)[0]?.n, 2);
});

ingestCase("ingest() writes a meter's texts and dates when they change", async (site) => {
  await using at = await site();
  const dates = ["2025-12-31", "2025-12-31", "2026-12-31", "2025-12-31"];
  const readouts = dates.map((value, index): FramesReadout =>
    readout({
      seq: index + 1,
      readAt: `2026-01-31T1${index}:00:00.000Z`,
      frames: [heatMeterFrame({ accessNumber: index, records: [{ field: "typeG", vib: "6C", value }] })],
    })
  );
  await at.take(payload(readouts.slice(0, 1)));
  await at.take(payload(readouts.slice(1)));
  const rows = await at.sql`select value, kind from meter_attributes order by time`;
  assertEquals(rows.map((row) => [row.value, row.kind]), [
    ["2025-12-31", "date"],
    ["2026-12-31", "date"],
    ["2025-12-31", "date"],
  ]);
});

ingestCase("ingest() sets far-future readouts aside and refuses giant ones", async (site) => {
  await using at = await site();
  const json = JSON.parse(new TextDecoder().decode(payload([readout({ readAt: "2031-01-01T00:00:00.000Z" })])));
  json.readouts.push({ ...json.readouts[0], seq: 2, frames: ["00".repeat(200_000)] });
  json.readouts.push({ ...json.readouts[0], seq: "none", frames: ["00".repeat(200_000)] });
  const result = await at.take(new TextEncoder().encode(JSON.stringify(json)));
  assertEquals(result.confirmation?.held, [[1, 1]]);
  assertEquals(result.confirmation?.refused.map(({ seq, code }) => [seq, code]), [[2, "too_large"]]);
  const rows = await at.sql`select code, seq::int, length(payload)::int as bytes from quarantine order by code`;
  assertEquals(rows.map((row) => [row.code, row.seq]), [["time_out_of_range", 1], ["too_large", null]]);
  assertEquals(rows[1]?.bytes, 256 * 1024);
});

ingestCase("ingest() files readings months late, and by the corrected time where the clock was wrong", async (site) => {
  await using at = await site();
  await at.take(payload([
    readout({ seq: 1, readAt: "2025-03-01T00:00:00.000Z" }),
    readout({
      seq: 2,
      readAt: "2001-01-01T00:00:10.000Z",
      clock: "untrusted",
      correctedReadAt: "2026-01-30T10:00:00.000Z",
    }),
  ]));
  const rows = await at.sql`select time from readings order by time`;
  assertEquals(rows.map((row) => row.time.toISOString()), ["2025-03-01T00:00:00.000Z", "2026-01-30T10:00:00.000Z"]);
});

ingestCase("ingest() finds the one readout that the database rejects by halving", async (site) => {
  await using at = await site();
  await at.sql`alter table readings add constraint no_666 check (value <> 666000)`;
  const readouts = Array.from({ length: 9 }, (_, index) =>
    readout({
      seq: index + 1,
      readAt: `2026-01-31T11:00:0${index}.000Z`,
      frames: [heatMeterFrame({ energyKwh: index === 4 ? 666 : index })],
    }));
  const [first, second] = await at.takeAll([
    { origin: "mqtt", gateway: "GW-0001", payload: payload(readouts) },
    { origin: "http", gateway: "GW-0002", payload: payload([readout()], { gateway: "GW-0002" }) },
  ]);
  assertEquals([first?.stored, first?.quarantined, first?.confirmation?.held], [8, 1, [[1, 9]]]);
  assertEquals(second?.stored, 1);
  const [row] = await at.sql`select code, seq::int, payload from quarantine`;
  assertEquals([row?.code, row?.seq], ["database", 5]);
  assertEquals(JSON.parse(new TextDecoder().decode(row?.payload)).readouts[0].seq, 5);
});

ingestCase("ingest() keeps the values that a third-party gateway states", async (site) => {
  await using at = await site();
  const stated = {
    schema: "mbus-gateway/readouts",
    version: 1,
    gateway: "GW-0001",
    epoch: EPOCH,
    sentAt: "2026-01-31T12:00:00.000Z",
    readouts: [{
      seq: 1,
      bus: "main",
      address: "7",
      readAt: "2026-01-31T11:59:58.123Z",
      clock: "trusted",
      meter: { manufacturer: "ABC", identification: "00000042", version: 1, deviceTypeCode: 7 },
      values: [{ quantity: "volume", unit: "m3", value: "12.345678901234567890" }],
    }],
  };
  const result = await at.take(new TextEncoder().encode(JSON.stringify(stated)));
  assertEquals(result.stored, 1);
  const [row] = await at.sql`
    select value::text, identity from readings join series using (tenant_id, series_id) join meters using (tenant_id, meter_id)`;
  assertEquals({ ...row }, { value: "12.345678901234567890", identity: "ABC:00000042:1:7" });
});

ingestCase(
  "ingest() makes one reading of a radio telegram that two gateways hear, and keeps both telegrams",
  async (site) => {
    await using at = await site();
    const meter = { manufacturer: "MGW", identification: "12345678", version: 1, deviceTypeCode: 7 };
    const telegram = (value: number) =>
      encodeWirelessTelegram({ ...meter, header: "none", records: [{ field: "int32", vib: "13", value }] });
    const heard = (gateway: string, seq: number, time: string, frame: Uint8Array) => ({
      origin: "mqtt" as const,
      gateway,
      payload: payload([readout({ seq, readAt: `2026-01-31T${time}.000Z`, frames: [frame] })], { gateway }),
    });
    const [one, other] = [telegram(1000), telegram(1001)];
    await at.takeAll([heard("GW-0001", 1, "10:00:00", one), heard("GW-0002", 1, "10:00:02", one)]);
    await at.takeAll([heard("GW-0002", 2, "10:05:00", other)]);
    await at.takeAll([heard("GW-0001", 2, "10:05:01", other), heard("GW-0001", 3, "10:20:00", other)]);
    const telegrams = await at.sql`select count(*)::int as n, count(radio_hash)::int as radio from telegrams`;
    assertEquals({ ...telegrams[0] }, { n: 5, radio: 5 });
    const rows = await at
      .sql`select value::text, to_char(time, 'HH24:MI:SS') as time from readings order by readings.time`;
    assertEquals(rows.map((row) => [row.value, row.time]), [
      ["1", "10:00:00"],
      ["1.001", "10:05:00"],
      ["1.001", "10:20:00"],
    ]);
  },
);

ingestCase("confirmationOf() names exactly what is held in a window", async (site) => {
  await using at = await site();
  const readouts = [1, 2, 4, 7].map((seq) => readout({ seq, readAt: `2026-01-31T11:00:0${seq}.000Z` }));
  await at.take(payload([...readouts, readout({ seq: 5, readAt: "2031-01-01T00:00:00.000Z" })]));
  const window = { tenantId: 1, gateway: "GW-0001", epoch: EPOCH, oldest: 2, newest: 6 };
  const confirmation = await ingestTransaction(at.database, (tx) => confirmationOf(tx, window));
  assertEquals(confirmation.held, [[2, 2], [4, 5]]);
});

ingestCase("ingest() files a reading 45 days late, out of order, in the month that it is of", async (site) => {
  await using at = await site();
  const times = ["2026-01-31T11:00:00.000Z", "2025-12-17T11:00:00.000Z", "2026-01-30T11:00:00.000Z"];
  for (const [index, readAt] of times.entries()) await at.take(payload([readout({ seq: index + 1, readAt })]));
  const rows = await at.sql`
    select readings.tableoid::regclass::text as readings, telegrams.tableoid::regclass::text as telegrams
    from readings join telegrams using (tenant_id, telegram_id) order by time`;
  assertEquals(rows.map((row) => [row.readings, row.telegrams]), [
    ["readings_2025_12", "telegrams_2025_12"],
    ["readings_2026_01", "telegrams_2026_01"],
    ["readings_2026_01", "telegrams_2026_01"],
  ]);
});

ingestCase("ingest() keeps the signal strength and the flags of a readout", async (site) => {
  await using at = await site();
  const [first, second] = ["2026-01-31T11:00:00.000Z", "2026-01-31T11:00:01.000Z"];
  await at.take(payload([
    readout({ seq: 1, readAt: first, rssi: -71, flags: ["implausible_jump", "backwards"] }),
    readout({ seq: 2, readAt: second }),
  ]));
  const rows = await at.sql`select rssi, flags from telegrams order by seq`;
  assertEquals(rows.map((row) => ({ ...row })), [
    { rssi: -71, flags: ["implausible_jump", "backwards"] },
    { rssi: null, flags: null },
  ]);
});

ingestCase("ingest() keeps exactly one revision current when two servers revise an instant at once", async (site) => {
  await using at = await site();
  const message = (seq: number, energyKwh: number) => ({
    origin: "mqtt" as const,
    gateway: "GW-0001",
    payload: payload([readout({ seq, frames: [heatMeterFrame({ energyKwh, accessNumber: seq })] })]),
  });
  await at.takeAll([message(1, 10)]);
  const servers = [1, 2, 3].map(() => createIngest({ database: at.database, now }));
  await Promise.all(servers.map(({ ingest }, index) => ingest([message(index + 2, 20 + index)])));
  const rows = await at.sql`select revision, is_current from readings order by revision`;
  assertEquals(rows.map((row) => [row.revision, row.is_current]), [[1, false], [2, false], [3, false], [4, true]]);
});
