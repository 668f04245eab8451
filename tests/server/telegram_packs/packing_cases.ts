import { assert, assertEquals, assertRejects } from "@std/assert";
import { silentLog } from "@mbus-gateway/resource";
import { transaction } from "../../../server/db/mod.ts";
import { packTelegrams } from "../../../server/telegram_packs/pack_telegrams.ts";
import { heatMeterFrame, readout } from "../../fixtures/readouts.ts";
import { radioFrame } from "../../fixtures/wireless_readouts.ts";
import { numbered, packCase } from "./pack_case.ts";
import { DAYS, NOW, signal, type Site } from "./site.ts";

packCase("packTelegrams() keeps every column of every telegram", async (at) => {
  await at.take([
    readout({ seq: 1, frames: [heatMeterFrame(), heatMeterFrame({ accessNumber: 2 })] }),
    readout({ seq: 2, readAt: "2026-01-31T11:00:00.000Z", rssi: -71, flags: ["implausible_jump", "backwards"] }),
    readout({
      ...{ seq: 3, bus: 'a "bus"', address: "p5\\", readAt: "2026-01-01T00:00:00.001Z", clock: "untrusted" },
      correctedReadAt: "2026-01-02T00:00:00.002Z",
    }),
    readout({ seq: 4, readAt: "2026-01-31T10:00:00.000Z", frames: [Uint8Array.of(0x68, 1, 2)] }),
    readout({ seq: 5, readAt: "2026-01-31T09:00:00.000Z", frames: [radioFrame({ encrypted: false })] }),
  ]);
  const stated = {
    ...{ schema: "mbus-gateway/readouts", version: 1, gateway: "GW-0002", sentAt: "2026-01-31T12:00:00.000Z" },
    epoch: "00000000-0000-4000-8000-000000000002",
    readouts: [{
      ...{ seq: 1, bus: "main", address: "x", readAt: "2026-01-31T11:00:00.000Z", clock: "trusted" },
      meter: { manufacturer: "ABC", identification: "00000042", version: 1, deviceTypeCode: 7 },
      values: [{ quantity: "volume", unit: "m3", value: "12.345678901234567890" }],
    }],
  };
  await at.takeBytes(new TextEncoder().encode(JSON.stringify(stated)), "GW-0002");
  await at.age();
  const before = await at.rows();
  assertEquals(before.length, 7);
  await at.pack();
  assertEquals([await at.rows(), await at.packs()], [[], [6, 1]]);
  await at.unpack();
  assertEquals(await at.rows(), before);
});

packCase(
  "packTelegrams() leaves what was read or came lately, and what waits for a key with its readout",
  async (at) => {
    await at.take([...numbered(1, 2), readout({ seq: 4, readAt: "2026-02-01T00:00:00.000Z" })]);
    await at.take([readout({ seq: 3, readAt: "2026-01-30T11:00:00.000Z", frames: [heatMeterFrame(), radioFrame()] })]);
    await at.take(numbered(5));
    await at.age();
    await at.sql`update telegrams set received_at = '2026-02-14T00:00:00Z' where seq = 5`;
    await at.packAged();
    assertEquals([await at.packs(), await at.seqsOfRows()], [[2], [3, 3, 4, 5]]);
  },
);

packCase("packTelegrams() says that it will, and begins when every server has heard of it", async (at) => {
  await at.take(numbered(1));
  await at.age();
  const pack = packTelegrams({ ...at, afterDays: DAYS, now: () => NOW, log: silentLog });
  const said = () => at.sql`select packed_before::text as before from telegram_packing`.then(([row]) => row?.before);
  assertEquals(await said(), undefined);
  await pack(signal);
  await pack(signal);
  assertEquals([await said(), await at.packs()], ["2026-02-01 00:00:00+00", []]);
  await at.heard();
  await pack(signal);
  assertEquals(await at.packs(), [1]);
});

packCase("packTelegrams() packs again what has come of an old month since, a day later and not before", async (at) => {
  let now = NOW;
  await at.take(numbered(1));
  await at.age();
  const pack = packTelegrams({ ...at, afterDays: DAYS, now: () => now, log: silentLog });
  await pack(signal);
  await at.heard();
  await pack(signal);
  await at.take(numbered(2));
  await at.age();
  await pack(signal);
  assertEquals(await at.packs(), [1]);
  now = new Date(NOW.getTime() + 24 * 3_600_000);
  await pack(signal);
  assertEquals(await at.packs(), [1, 1]);
});

packCase("packTelegrams() cuts between readouts, and between gateways where it can", async (at) => {
  const three = (seq: number) =>
    readout({
      seq,
      readAt: `2026-01-31T10:00:${String(seq).padStart(2, "0")}.000Z`,
      frames: [1, 2, 3].map((accessNumber) => heatMeterFrame({ accessNumber, energyKwh: seq })),
    });
  await at.take(Array.from({ length: 30 }, (_, index) => three(index + 1)));
  await at.take([1, 2].map(three), "GW-0002");
  await at.pack({ perPack: 1 }); // and as many as the longest readout may have: 65
  assertEquals(await at.packs(), [63, 27, 6]);
  assertEquals(await at.rows(), []);
});

packCase("packTelegrams() does a part with each call", async (at) => {
  await at.take(numbered(...Array.from({ length: 50 }, (_, index) => index + 1)));
  await at.take(numbered(1), "GW-0002");
  await at.age();
  const pack = packTelegrams({ ...at, afterDays: DAYS, now: () => NOW, log: silentLog, perPack: 1, perCall: 1 });
  const [packed, left]: [number[][], number[]] = [[], []];
  await pack(signal);
  await at.heard();
  await at.take([readout({ seq: 60 })]);
  for (let call = 0; call < 3; call++) {
    await pack(signal);
    packed.push(await at.packs());
    left.push((await at.rows()).length);
  }
  assertEquals([packed.at(-1), left.at(-1)], [[50, 1], 1]);
});

packCase("packTelegrams() that fails in the middle has lost nothing, and the next call packs it", async (at) => {
  await at.take(numbered(1, 2));
  await at.take(numbered(1), "GW-0002");
  await at.age();
  const before = await at.rows();
  await at.sql`select ensure_month('telegram_packs', '2026-01-01')`;
  await at.sql`alter table telegram_packs add constraint broken check (gateway_id <> 'GW-0002')`;
  await assertRejects(() => at.packAged());
  assertEquals([await at.rows(), await at.packs()], [before, []]);
  await at.sql`alter table telegram_packs drop constraint broken`;
  await at.packAged();
  await at.unpack();
  assertEquals(await at.rows(), before);
});

packCase("packTelegrams() by several servers at once packs each telegram once", async (at) => {
  const many = Array.from({ length: 200 }, (_, index) => index + 1);
  await at.take(numbered(...many));
  await at.take(numbered(...many), "GW-0002");
  await at.age();
  const before = await at.rows();
  const servers = Array.from(
    { length: 3 },
    () => packTelegrams({ ...at, afterDays: DAYS, now: () => NOW, log: silentLog, perPack: 1, perCall: 2 }),
  );
  await servers[0]?.(signal);
  await at.heard();
  for (let round = 0; (await at.rows()).length > 0 && round < 20; round++) {
    await Promise.all(servers.map((server) => server(signal)));
  }
  assertEquals([(await at.rows()).length, (await at.packs()).reduce((a, b) => a + b, 0)], [0, 400]);
  await at.unpack();
  assertEquals(await at.rows(), before);
});

packCase("packTelegrams() gives back a month's space and loses nothing that stays or comes", async (at) => {
  const size = async () => Number((await at.sql`select pg_relation_size('telegrams_2026_01') as size`)[0]?.size);
  await at.take([readout({ seq: 9999, frames: [radioFrame()] })]);
  await fill(at, 2000);
  const full = await size();
  await at.pack();
  assertEquals(await at.seqsOfRows(), [9999]);
  assert(await size() < full / 10, `${await size()} of ${full} bytes`);
  assertEquals((await at.take(numbered(5000))).stored, 1);
  assertEquals(await at.seqsOfRows(), [5000, 9999]);
});

/** Telegrams of January by the thousand. */
async function fill(at: Site, count: number) {
  await at.take(numbered(1));
  await transaction(at.database, (tx) =>
    tx`
    insert into telegrams (tenant_id, gateway_id, epoch, seq, read_at, position, kind, bytes, bus, address,
      clock_trusted, meter_id, decoder_version)
    select tenant_id, gateway_id, epoch, seq + n, read_at + n * interval '1 second', position, kind, bytes, bus, address,
      clock_trusted, meter_id, decoder_version
    from telegrams, generate_series(1, ${count}) n where seq = 1`);
}
