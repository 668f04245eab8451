import { assertEquals } from "@std/assert";
import { DECODER_VERSION } from "@mbus-gateway/mbus";
import { redecode } from "../../../server/redecode/redecode.ts";
import { heatMeterFrame, readout } from "../../fixtures/readouts.ts";
import { radioFrame } from "../../fixtures/wireless_readouts.ts";
import { site } from "./site.ts";

const SINCE = new Date("2026-01-01T00:00:00.000Z");
const signal = new AbortController().signal;

Deno.test("redecode() writes nothing where everything comes out as before", async () => {
  await using at = await site();
  await at.take([readout({ seq: 1 }), readout({ seq: 2, readAt: "2026-01-31T11:59:59.000Z" })]);
  const before = await at.readings();
  const result = await redecode({ ...at, since: SINCE, signal });
  assertEquals(result, { done: 2, total: 2, changed: 0, resumed: false, finished: true });
  assertEquals(await at.readings(), before);
});

Deno.test("redecode() revises what an earlier decoder read otherwise, adds what it missed, takes back what was none", async () => {
  await using at = await site();
  const volume = { field: "int32", vib: "13", value: 5000 } as const;
  await at.take([readout({ frames: [heatMeterFrame({ energyKwh: 10, records: [volume] })] })]);
  // As if an earlier decoder had read the energy a thousandfold, no volume, and a power that is none.
  await at.sql`update readings set decoder_version = 1`;
  await at
    .sql`update readings set value = value * 1000 where series_id = (select series_id from series where quantity = 'energy')`;
  await at.sql`update series set quantity = 'power', unit = 'W' where quantity = 'volume'`;
  await at.sql`update telegrams set decoder_version = 1`;
  const result = await redecode({ ...at, since: SINCE, signal });
  assertEquals([result.changed, result.finished], [3, true]);
  assertEquals(await at.readings(), [
    ["energy", "10000000", 1, false],
    ["energy", "10000", 2, true],
    ["power", "5", 1, false],
    ["volume", "5", 1, true],
  ]);
  const versions = await at.sql`select value::text, decoder_version from readings where is_current order by value`;
  assertEquals(versions.map((row) => row.decoder_version), [DECODER_VERSION, DECODER_VERSION]);
  assertEquals((await at.sql`select decoder_version from telegrams`)[0]?.decoder_version, DECODER_VERSION);
  assertEquals((await redecode({ ...at, since: SINCE, signal })).changed, 0);
});

Deno.test("redecode() leaves a reading whose current value another telegram gave", async () => {
  await using at = await site();
  await at.take([readout({ seq: 1, frames: [heatMeterFrame({ energyKwh: 10 })] })]);
  await at.take([readout({ seq: 2, frames: [heatMeterFrame({ energyKwh: 11, accessNumber: 2 })] })]);
  const before = await at.readings();
  assertEquals((await redecode({ ...at, since: SINCE, signal })).changed, 0);
  assertEquals(await at.readings(), before);
});

Deno.test("redecode() makes one reading of a radio telegram that two gateways brought", async () => {
  await using at = await site();
  const heard = readout({ frames: [radioFrame({ encrypted: false })] });
  await at.take([heard]);
  await at.take([heard], "GW-0002");
  const before = await at.readings();
  assertEquals((await redecode({ ...at, since: SINCE, signal })).changed, 0);
  assertEquals(await at.readings(), before);
});

Deno.test("redecode() stops after a batch and goes on there, and knows its meter", async () => {
  await using at = await site();
  const minutes = [0, 1, 2, 3, 4, 5, 6];
  await at.take(minutes.map((minute) => readout({ seq: minute + 1, readAt: `2026-01-31T11:0${minute}:00.000Z` })));
  await at.take([readout({ seq: 20, frames: [heatMeterFrame({ identification: "00000042" })] })]);
  await at.sql`update readings set value = value + 1`;
  const [meter] = await at.sql`select meter_id::text as id from meters where identification = '12345678'`;
  const choice = { ...at, since: SINCE, meterId: String(meter?.id), batch: 3 };
  const stop = new AbortController();
  const stopped = await redecode({
    ...choice,
    signal: stop.signal,
    onProgress: ({ done }) => done >= 3 && stop.abort(),
  });
  assertEquals(stopped, { done: 3, total: 7, changed: 3, resumed: false, finished: false });
  const rest = await redecode({ ...choice, signal });
  assertEquals(rest, { done: 7, total: 7, changed: 7, resumed: true, finished: true });
  const current = await at.sql`select count(*)::int as n from readings where is_current and value = 1234000`;
  assertEquals(current[0]?.n, 7);
});
