import { assertEquals } from "@std/assert";
import { DECODER_VERSION } from "@mbus-gateway/mbus";
import { silentLog } from "@mbus-gateway/resource";
import { tenantTransaction } from "../../../server/db/mod.ts";
import { refreshConsumption } from "../../../server/consumption/mod.ts";
import { noteSequenceGaps, selectGaps } from "../../../server/gateway_truth/sequence_gaps.ts";
import { deleteMeterKey, putMeterKeys } from "../../../server/meter_keys/meter_key_store.ts";
import { decodeWaiting } from "../../../server/redecode/decode_waiting.ts";
import { redecode } from "../../../server/redecode/redecode.ts";
import { traceTelegram } from "../../../server/telegram_packs/trace_telegram.ts";
import { EPOCH, heatMeterFrame, readout } from "../../fixtures/readouts.ts";
import { RADIO_KEY, RADIO_METER, radioFrame } from "../../fixtures/wireless_readouts.ts";
import { SECRET } from "../redecode/site.ts";
import { numbered, packCase } from "./pack_case.ts";
import { signal } from "./site.ts";

const SINCE = new Date("2026-01-01T00:00:00.000Z");

packCase("ingest() knows a packed readout again, and another one under its key", async (at) => {
  const two = readout({ seq: 1, frames: [heatMeterFrame(), heatMeterFrame({ accessNumber: 2 })] });
  await at.take([two, ...numbered(2, 3)]);
  await at.pack();
  const readings = await at.readings();

  const again = await at.take([two, ...numbered(2, 4)]);
  assertEquals([again.stored, again.duplicates, again.confirmation?.held], [1, 2, [[1, 2], [4, 4]]]);
  assertEquals(await at.seqsOfRows(), [4]);
  assertEquals(at.counts.rewritten, 0); // it was looked for, and not stumbled upon

  const others = await at.take([
    readout({ seq: 1, frames: [heatMeterFrame()] }),
    readout({ ...two, frames: [...two.frames, heatMeterFrame({ accessNumber: 3 })] }),
    ...numbered(4),
  ]);
  assertEquals([others.stored, others.duplicates, others.quarantined], [0, 2, 1]);
  const codes = await at.sql`select code from quarantine`;
  assertEquals(codes.map(({ code }) => code), ["epoch_reuse"]);
  const changed = await at.take([readout({ ...two, frames: [heatMeterFrame({ energyKwh: 1 })] })]);
  assertEquals([changed.stored, changed.duplicates, changed.quarantined], [0, 0, 1]);
  assertEquals((await at.readings()).slice(0, readings.length).length, readings.length);
});

packCase("confirmationOf() and noteSequenceGaps() count what is packed as here", async (at) => {
  await at.sql`
    update gateways set heartbeat = jsonb_build_object('epoch', ${EPOCH}::text), last_heartbeat_at = now()
    where gateway_id = 'GW-0001'`;
  await at.take(numbered(2, 3, 4, 8, 9));
  await at.pack();
  await at.take(numbered(5, 12));
  await at.take([readout({ seq: 10, readAt: "2031-01-01T00:00:00.000Z" })]);
  assertEquals(await at.held(), [[2, 5], [8, 10], [12, 12]]);
  assertEquals(await at.held({ oldest: 3, newest: 8 }), [[3, 5], [8, 8]]);
  const gaps = async () => {
    await noteSequenceGaps(at.database);
    const found = await tenantTransaction(at.database, 1, (tx) => selectGaps(tx, 1, "GW-0001"));
    return found.map(({ first, last }) => [first, last]).toSorted(([a = 0], [b = 0]) => a - b);
  };
  assertEquals(await gaps(), [[1, 1], [6, 7], [11, 11]]);
  await at.take(numbered(1, 6, 7));
  await at.pack();
  assertEquals(await gaps(), [[11, 11]]);
});

packCase("ingest() makes no second reading of a radio telegram that another gateway brought long ago", async (at) => {
  const heard = (seq: number, readAt: string, litres: number) =>
    readout({ seq, readAt, frames: [radioFrame({ encrypted: false, litres })] });
  await at.take([heard(1, "2026-01-31T23:55:00.000Z", 1), heard(2, "2026-01-20T10:00:00.000Z", 2)]);
  await at.pack();
  const before = await at.readings();
  const result = await at.take(
    [heard(1, "2026-02-01T00:04:59.000Z", 1), heard(2, "2026-01-20T09:59:59.000Z", 2)],
    "GW-0002",
  );
  assertEquals([result.stored, await at.readings()], [2, before]);
  await at.take([heard(3, "2026-01-20T10:10:01.000Z", 2)], "GW-0002"); // ten minutes and a second: another one
  assertEquals((await at.readings()).length, before.length + 2);
});

packCase("traceTelegram() finds the telegram of a reading in its pack, for its tenant alone", async (at) => {
  await at.take(numbered(1, 2, 3));
  const [reading] = await at.sql`
    select telegram_id::text as "telegramId", meter_id::text as "meterId"
    from readings join series using (tenant_id, series_id) where value = 1002000`;
  const name = { tenantId: 1, meterId: String(reading?.meterId), telegramId: String(reading?.telegramId) };
  await at.age();
  const trace = (tenantId = 1) =>
    tenantTransaction(at.database, tenantId, (tx) => traceTelegram(tx, { ...name, tenantId }));
  const row = await trace();
  assertEquals([row?.seq, row?.bytes], [2, heatMeterFrame({ energyKwh: 1002, accessNumber: 2 })]);
  await at.packAged();
  assertEquals(await trace(), row);
  assertEquals(await trace(2), null);
  const another = { ...name, meterId: "999" };
  assertEquals(await tenantTransaction(at.database, 1, (tx) => traceTelegram(tx, another)), null);
});

packCase("refreshConsumption() learns a counter's dial from a packed telegram", async (at) => {
  const withVolume = (value: bigint) => [heatMeterFrame({ records: [{ field: "bcd8", vib: "14", value }] })];
  await at.take([
    readout({ seq: 1, readAt: "2026-01-30T11:00:00.000Z", frames: withVolume(12n) }),
    readout({ seq: 2, readAt: "2026-01-31T11:00:00.000Z", frames: withVolume(15n) }),
  ]);
  await at.pack();
  await refreshConsumption(at);
  const [dial] = await at.sql`
    select exponent, digits from series_registers join series using (tenant_id, series_id) where quantity = 'volume'`;
  assertEquals({ ...dial }, { exponent: -2, digits: 8 });
});

packCase("redecode() does to packed telegrams what it does to rows", async (at) => {
  const meters = ["00000041", "00000042"].map((identification, index) =>
    readout({ seq: 10 + index, frames: [heatMeterFrame({ identification })] })
  );
  await at.take([...numbered(1, 2, 3), ...meters]);
  await at.take([readout({ seq: 20, readAt: "2026-02-01T00:00:00.000Z" })]);
  // As if an earlier decoder had read a thousandfold.
  await at.sql`update readings set value = value * 1000, decoder_version = 1`;
  await at.sql`update telegrams set decoder_version = 1, decode_error = 'Cannot read it'`;
  await at.pack();
  assertEquals(await at.packs(), [5]);
  const [meter] = await at.sql`select meter_id::text as id from meters where identification = '00000042'`;
  const one = await redecode({ ...at, since: SINCE, meterId: String(meter?.id), signal });
  assertEquals([one.done, one.changed, one.finished], [1, 1, true]);
  const all = await redecode({ ...at, since: SINCE, signal });
  assertEquals(all, { done: 6, total: 6, changed: 5, resumed: false, finished: true });
  assertEquals((await at.readings()).filter(([, , , current]) => current), [
    ...[1001, 1002, 1003].map((kwh) => ["energy", `${kwh}000`, 2, true]),
    ...[1, 2, 3].map(() => ["energy", "1234000", 2, true]),
  ]);
  await at.unpack();
  const notes = await at.sql`select distinct decoder_version, decode_error from telegrams`;
  assertEquals(notes.map((row) => ({ ...row })), [{ decoder_version: DECODER_VERSION, decode_error: null }]);
  assertEquals((await redecode({ ...at, since: SINCE, signal })).changed, 0);
});

packCase("redecode() stops after a pack and goes on there, also with what is packed meanwhile", async (at) => {
  const many = Array.from({ length: 130 }, (_, index) => index + 1);
  await at.take(numbered(...many));
  await at.pack({ perPack: 1 });
  await at.take([readout({ seq: 200, readAt: "2026-01-31T09:00:00.000Z" })]);
  await at.sql`update readings set value = value + 1`;
  const stop = new AbortController();
  const stopped = await redecode({
    ...{ ...at, since: SINCE, signal: stop.signal, batch: 1 },
    onProgress: ({ done }) => done > 1 && stop.abort(),
  });
  assertEquals(stopped, { done: 65, total: 131, changed: 65, resumed: false, finished: false });
  await at.pack(); // the row, into a pack of its own
  const rest = await redecode({ ...at, since: SINCE, signal });
  assertEquals([rest.changed, rest.resumed, rest.finished], [131, true, true]);
  const current = await at.sql`select count(*)::int as n from readings where is_current and value % 1000 = 0`;
  assertEquals(current[0]?.n, 131);
});

packCase("redecode() makes one reading of a packed radio telegram that two gateways brought", async (at) => {
  const heard = (seq: number) => readout({ seq, frames: [radioFrame({ encrypted: false })] });
  await at.take([heard(1)]);
  await at.take([heard(1)], "GW-0002");
  const before = await at.readings();
  await at.pack();
  assertEquals(await at.packs(), [1, 1]);
  assertEquals((await redecode({ ...at, since: SINCE, signal })).changed, 0);
  await at.sql`delete from telegram_packs where gateway_id = 'GW-0002'`;
  await at.take([heard(1)], "GW-0002");
  assertEquals((await redecode({ ...at, since: SINCE, signal })).changed, 0);
  assertEquals(await at.readings(), before);
});

packCase("redecode() takes out of a pack what waits for a key now, and the key decodes it again", async (at) => {
  const { manufacturer, identification } = RADIO_METER;
  const key = { tenantId: 1, manufacturer, identification, key: RADIO_KEY };
  const put = () => tenantTransaction(at.database, 1, (tx) => putMeterKeys(tx, SECRET, [key]));
  await put();
  await at.knowledge.refresh();
  await at.take([...numbered(1), readout({ seq: 2, frames: [radioFrame()] })]);
  await at.age();
  const [rows, before] = [await at.rows(), await at.readings()];
  await at.packAged();
  await tenantTransaction(at.database, 1, (tx) => deleteMeterKey(tx, key));
  assertEquals((await redecode({ ...at, since: SINCE, signal })).changed, 2);
  assertEquals([await at.packs(), await at.seqsOfRows()], [[1], [2]]);
  await put();
  await decodeWaiting({ ...at, signal, log: silentLog });
  assertEquals(current(await at.readings()), current(before));
  await at.unpack();
  assertEquals(await at.rows(), rows);
});

function current(readings: unknown[][]) {
  return readings.filter(([, , , isCurrent]) => isCurrent).map(([quantity, value]) => [quantity, value]);
}
