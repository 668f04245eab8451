import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { heatMeterFrame, payload, readout } from "../../fixtures/readouts.ts";
import { hashToken } from "../../../server/http/tokens.ts";
import { OTHER_TOKEN, type Site, site } from "./site.ts";

/** Two heat meters of the tenant default, each read at :00 to :04; one of the tenant other. */
async function withReadings(at: Site) {
  await at.sql`
    insert into gateways (tenant_id, gateway_id, token_hash) values (2, 'GW-0009', ${hashToken("nine")})`;
  const readouts = (identification: string, base: number) =>
    [0, 1, 2, 3, 4].map((index) =>
      readout({
        seq: base + index,
        readAt: `2026-01-31T11:00:0${index}.000Z`,
        frames: [heatMeterFrame({
          identification,
          energyKwh: base + index,
          accessNumber: index,
          records: [
            { field: "int64", vib: "13", value: 9007199254740993n },
            { field: "typeG", vib: "6C", value: "2025-12-31" },
          ],
        })],
      })
    );
  const results = await at.ingest([
    { origin: "mqtt", gateway: "GW-0001", payload: payload(readouts("11111111", 100)) },
    { origin: "mqtt", gateway: "GW-0001", payload: payload(readouts("22222222", 200)) },
    { origin: "mqtt", gateway: "GW-0009", payload: payload(readouts("33333333", 300), { gateway: "GW-0009" }) },
  ]);
  assertEquals(results.map(({ stored }) => stored), [5, 5, 5]);
}

type Row = { meter: string; series: string; quantity: string; time: string; value: string };

Deno.test("GET /api/v1/meters lists a tenant's meters with the time of their last reading", async () => {
  await using at = await site();
  await withReadings(at);
  const { json } = await at.api("GET", "/api/v1/meters");
  assertEquals(
    json.meters.map((one: Record<string, unknown>) => [one.identity, one.deviceType, one.lastReadingAt]),
    [
      ["MGW:11111111:1:4", "heat", "2026-01-31T11:00:04.000Z"],
      ["MGW:22222222:1:4", "heat", "2026-01-31T11:00:04.000Z"],
    ],
  );
  const first = await at.api("GET", "/api/v1/meters?limit=1");
  const second = await at.api("GET", `/api/v1/meters?limit=1&after=${first.json.next}`);
  assertEquals(second.json.meters[0].identification, "22222222");
  assertEquals((await at.api("GET", "/api/v1/meters", { token: OTHER_TOKEN })).json.meters.length, 1);
});

Deno.test("GET /api/v1/meters/{id} has every series with its latest value exactly, and what the meter states", async () => {
  await using at = await site();
  await withReadings(at);
  const { json: { meters: [meter] } } = await at.api("GET", "/api/v1/meters");
  const { json } = await at.api("GET", `/api/v1/meters/${meter.id}`);
  const values = json.series.map(({ quantity, unit, latest }: { quantity: string; unit: string; latest: unknown }) => {
    return [quantity, unit, latest];
  });
  const time = "2026-01-31T11:00:04.000Z";
  assertEquals(values, [
    ["energy", "Wh", { time, value: "104000" }],
    ["volume", "m3", { time, value: "9007199254740.993" }],
  ]);
  assertEquals(json.series[0].modifiers, []);
  const [attribute] = json.attributes;
  assertEquals([attribute.kind, attribute.value, attribute.time], ["date", "2025-12-31", "2026-01-31T11:00:00.000Z"]);
  assertEquals((await at.api("GET", `/api/v1/meters/${meter.id}`, { token: OTHER_TOKEN })).status, 404);
  assertEquals((await at.api("GET", "/api/v1/meters/999999")).status, 404);
});

Deno.test("GET /api/v1/readings pages through everything once, by series and time", async () => {
  await using at = await site();
  await withReadings(at);
  const all: Row[] = (await at.api("GET", "/api/v1/readings")).json.readings;
  assertEquals(all.length, 20);
  const paged: Row[] = [];
  let after = "";
  for (let pages = 0; pages < 20; pages++) {
    const { json } = await at.api("GET", `/api/v1/readings?limit=3${after}`);
    paged.push(...json.readings);
    if (json.next === null) break;
    after = `&after=${encodeURIComponent(json.next)}`;
  }
  assertEquals(paged, all);
  assertEquals(new Set(all.map(({ series, time }) => `${series} ${time}`)).size, 20);
});

Deno.test("GET /api/v1/readings keeps to meter, series, quantity and time", async () => {
  await using at = await site();
  await withReadings(at);
  const find = async (query: string): Promise<Row[]> =>
    (await at.api("GET", `/api/v1/readings?${query}`)).json.readings;
  const [meter] = (await at.api("GET", "/api/v1/meters")).json.meters;
  const energies = await find(`meter=${meter.id}&quantity=energy`);
  assertEquals(energies.map(({ value }) => value), ["100000", "101000", "102000", "103000", "104000"]);
  const series = energies[0]?.series;
  assertEquals((await find(`series=${series}`)).map(({ value }) => value), energies.map(({ value }) => value));
  const some = await find(`series=${series}&from=2026-01-31T12:00:01%2B01:00&to=2026-01-31T11:00:03Z`);
  assertEquals(some.map(({ value }) => value), ["101000", "102000"]);
  assertEquals((await find("from=2026-02-01")).length, 0);
  const volumes = await find("quantity=volume");
  assert(volumes.length === 10 && volumes.every(({ value }) => value === "9007199254740.993"));
});

Deno.test("GET /api/v1/readings shows the current revision alone", async () => {
  await using at = await site();
  const take = (seq: number, energyKwh: number) =>
    at.ingest([{
      origin: "mqtt",
      gateway: "GW-0001",
      payload: payload([readout({ seq, frames: [heatMeterFrame({ energyKwh, accessNumber: seq })] })]),
    }]);
  await take(1, 10);
  await take(2, 11);
  const { json: { readings } } = await at.api("GET", "/api/v1/readings");
  assertEquals(readings.map((one: Record<string, unknown>) => [one.value, one.revision]), [["11000", 2]]);
});

Deno.test("GET /api/v1/readings shows nothing of another tenant", async () => {
  await using at = await site();
  await withReadings(at);
  const mine: Row[] = (await at.api("GET", "/api/v1/readings")).json.readings;
  const theirs: Row[] = (await at.api("GET", "/api/v1/readings", { token: OTHER_TOKEN })).json.readings;
  assertEquals([mine.length, theirs.length], [20, 10]);
  const probe = await at.api("GET", `/api/v1/readings?series=${mine[0]?.series}`, { token: OTHER_TOKEN });
  assertEquals(probe.json.readings, []);
});

Deno.test("GET /api/v1/readings names the parameter that is wrong", async () => {
  await using at = await site();
  for (
    const [query, names] of [
      ["meter=x", "meter"],
      ["series=-1", "series"],
      ["quantity=a'b", "quantity"],
      ["from=yesterday", "from"],
      ["from=2026-13-01", "from"],
      ["to=2026-01-31T12:00", "to"],
      ["limit=0", "limit"],
      ["limit=10001", "limit"],
      ["after=1", "after"],
      ["after=1_2026-99-31T12:00:00.000Z", "after"],
      ["form=2026-01-31", "form"],
      ["from=2026-02-01&to=2026-01-01", "to"],
    ] as const
  ) {
    const { status, json } = await at.api("GET", `/api/v1/readings?${query}`);
    assertEquals([query, status], [query, 400]);
    assertStringIncludes(json.detail, names);
  }
});
