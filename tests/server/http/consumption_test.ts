import { assertEquals, assertStringIncludes } from "@std/assert";
import { consumptionSite, counting } from "./consumption_site.ts";
import { OTHER_TOKEN } from "./site.ts";

const DAYS = "from=2026-01-01&to=2026-02-01&resolution=day";

Deno.test("GET /api/v1/consumption of a unit goes on over a swap of its meter, by days of the property", async () => {
  await using at = await consumptionSite();
  const swap = "2026-01-02T11:00:00Z";
  await at.read("00000001", "2026-01-01T23:00:00Z", counting(9978, 13)); // until 9,990 at the swap
  await at.read("00000002", swap, counting(5, 13)); // until the end of the day
  const before = await at.api("POST", "/api/v1/placements", {
    body: { unitId: at.unitId, meter: await at.meter("00000001"), role: "heat", from: "2025-01-01" },
  });
  await at.api("POST", `/api/v1/placements/${before.json.id}/end`, { body: { to: swap } });
  await at.api("POST", "/api/v1/placements", {
    body: { unitId: at.unitId, meter: await at.meter("00000002"), role: "heat", from: swap },
  });
  await at.refresh();
  const { json } = await at.api("GET", `/api/v1/consumption?unit=${at.unitId}&${DAYS}`);
  assertEquals(json.consumption, [{
    ...{ start: "2026-01-01T23:00:00.000Z", end: "2026-01-02T23:00:00.000Z", unitId: at.unitId, role: "heat" },
    meters: [await at.meter("00000001"), await at.meter("00000002")],
    ...{ quantity: "energy", unit: "Wh", tariff: 0, subunit: 0, modifiers: [], occurrence: 0 },
    ...{ amount: "24000", interpolated: false, partial: false, flags: ["meter_changed"] },
  }]);
  const months = await at.api(
    "GET",
    `/api/v1/consumption?meter=${await at.meter("00000002")}&from=2026-01-01&to=2026-02-01&resolution=month`,
  );
  assertEquals(months.json.consumption.map((row: { amount: string }) => row.amount), ["12000"]);
});

Deno.test("GET /api/v1/consumption learns from the telegram where a dial ends", async () => {
  await using at = await consumptionSite();
  await at.read("00000001", "2026-01-01T00:00:00Z", [99_998, 99_999, 3, 4]);
  const meter = await at.meter("00000001");
  const { json } = await at.api(
    "GET",
    `/api/v1/consumption?meter=${meter}&from=2026-01-01&to=2026-01-02&resolution=hour`,
  );
  type Row = { amount: string; flags: string[]; unitId: string | null };
  assertEquals(json.consumption.map(({ amount, flags, unitId }: Row) => [amount, flags, unitId]), [
    ["1000", [], null],
    ["4000", ["rollover"], null],
    ["1000", [], null],
  ]);
  const [dial] = await at.sql`select exponent, digits from series_registers`;
  assertEquals(dial, { exponent: 3, digits: null });
});

Deno.test("GET /api/v1/consumption shows a tenant its own alone, and names what is wrong in a query", async () => {
  await using at = await consumptionSite();
  await at.read("00000001", "2026-01-01T00:00:00Z", counting(1, 30));
  const path = `/api/v1/consumption?meter=${await at.meter("00000001")}&${DAYS}`;
  assertEquals((await at.api("GET", path)).json.consumption.length, 2);
  assertEquals((await at.api("GET", path, { token: OTHER_TOKEN })).json.consumption, []);
  assertEquals((await at.api("GET", path, { token: "" })).status, 401);
  const wrong: [string, string][] = [
    [DAYS, "unit or meter"],
    ["meter=1&from=2026-02-01&to=2026-01-01&resolution=day", "to: "],
    ["meter=1&from=2026-02-30&to=2026-03-01&resolution=day", "from: "],
    ["meter=1&from=2026-01-01&to=2026-02-01&resolution=year", "resolution: "],
  ];
  for (const [query, part] of wrong) {
    const { status, json } = await at.api("GET", `/api/v1/consumption?${query}`);
    assertEquals(status, 400);
    assertStringIncludes(json.detail, part);
  }
});
