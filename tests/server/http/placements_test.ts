import { assertEquals, assertStringIncludes } from "@std/assert";
import { consumptionSite, counting } from "./consumption_site.ts";
import { OTHER_TOKEN } from "./site.ts";

Deno.test("POST /api/v1/placements puts a meter into a unit with what stood on its dial, and ends it", async () => {
  await using at = await consumptionSite();
  await at.read("00000001", "2026-01-02T00:00:00Z", counting(100, 3));
  const meter = await at.meter("00000001");
  const startReadings = [{ quantity: "energy", unit: "Wh", value: "90000" }];
  const made = await at.api("POST", "/api/v1/placements", {
    body: { unitId: at.unitId, meter, role: "heat", from: "2026-01-01T00:00:00Z", startReadings },
  });
  assertEquals(made.status, 201);
  assertEquals(made.json, {
    ...{ id: made.json.id, unitId: at.unitId, meter, role: "heat", from: "2026-01-01T00:00:00.000Z", to: null },
    ...{ startReadings, endReadings: [] },
  });
  const ended = await at.api("POST", `/api/v1/placements/${made.json.id}/end`, {
    body: { to: "2026-01-02T12:00:00Z", endReadings: [{ quantity: "energy", unit: "Wh", value: "112500.5" }] },
  });
  assertEquals([ended.status, ended.json.to], [200, "2026-01-02T12:00:00.000Z"]);
  assertEquals((await at.api("GET", `/api/v1/placements?unit=${at.unitId}`)).json.placements, [ended.json]);
  await at.refresh();
  const [month] = await at.sql`
    select amount::text from consumption where resolution = 'month' and placement_id = ${made.json.id}`;
  assertEquals(month?.amount, "22500.5");
  const again = await at.api("POST", `/api/v1/placements/${made.json.id}/end`, { body: { to: "2026-01-03" } });
  assertEquals(again.status, 404);
});

Deno.test("POST /api/v1/placements refuses a meter that is elsewhere, and what is not there", async () => {
  await using at = await consumptionSite();
  await at.read("00000001", "2026-01-02T00:00:00Z", [1]);
  const meter = await at.meter("00000001");
  const body = { unitId: at.unitId, meter, role: "heat", from: "2026-01-01T00:00:00Z" };
  assertEquals((await at.api("POST", "/api/v1/placements", { body: { ...body, unitId: "999" } })).status, 404);
  assertEquals((await at.api("POST", "/api/v1/placements", { body, token: OTHER_TOKEN })).status, 404);
  const made = await at.api("POST", "/api/v1/placements", { body });
  assertEquals(made.status, 201);
  const end = `/api/v1/placements/${made.json.id}/end`;
  const twice = await at.api("POST", "/api/v1/placements", { body: { ...body, from: "2026-06-01" } });
  assertEquals([twice.status, twice.json.code], [409, "placed_elsewhere"]);
  assertEquals((await at.api("GET", "/api/v1/placements", { token: OTHER_TOKEN })).json.placements, []);
  const early = await at.api("POST", end, { body: { to: "2025-01-01" } });
  assertEquals(early.status, 400);
  assertStringIncludes(early.json.detail, "to: ");
  const other = await at.api("POST", end, { body: { to: "2026-02-01" }, token: OTHER_TOKEN });
  assertEquals(other.status, 404);
  for (const [field, value] of [["role", "Heat"], ["meter", 1], ["from", "soon"], ["startReadings", [{}]]] as const) {
    const { status, json } = await at.api("POST", "/api/v1/placements", { body: { ...body, [field]: value } });
    assertEquals(status, 400);
    assertStringIncludes(json.detail, field);
  }
});

Deno.test("POST /api/v1/placements moves consumption from no unit to the unit's own calendar, and leaves nothing behind", async () => {
  await using at = await consumptionSite();
  await at.read("00000001", "2026-01-01T23:00:00Z", counting(1, 49));
  const path = `/api/v1/consumption?meter=${await at.meter("00000001")}&from=2026-01-01&to=2026-02-01&resolution=day`;
  type Row = { start: string; amount: string; unitId: string | null };
  const days = async () =>
    (await at.api("GET", path)).json.consumption.map(({ start, amount, unitId }: Row) => [start, amount, unitId]);
  assertEquals(await days(), [
    ["2026-01-01T00:00:00.000Z", "1000", null],
    ["2026-01-02T00:00:00.000Z", "24000", null],
    ["2026-01-03T00:00:00.000Z", "23000", null],
  ]);
  const meter = await at.meter("00000001");
  await at.api("POST", "/api/v1/placements", { body: { unitId: at.unitId, meter, role: "heat", from: "2025-12-01" } });
  await at.refresh();
  assertEquals(await days(), [
    ["2026-01-01T23:00:00.000Z", "24000", at.unitId],
    ["2026-01-02T23:00:00.000Z", "24000", at.unitId],
  ]);
});

Deno.test("PATCH /api/v1/placements/… corrects unit, meter, part and times, and its consumption follows", async () => {
  await using at = await consumptionSite();
  const house = await at.api("POST", "/api/v1/properties", { body: { name: "Elsewhere", units: [{ label: "Shop" }] } });
  const shop: string = house.json.units[0].id;
  await at.read("00000001", "2026-01-01T23:00:00Z", counting(100, 49));
  await at.read("00000002", "2026-01-01T23:00:00Z", counting(500, 49));
  const [meter, other] = [await at.meter("00000001"), await at.meter("00000002")];
  const of = async (unit: string) => {
    await at.refresh();
    const path = `/api/v1/consumption?unit=${unit}&from=2026-01-01&to=2026-02-01&resolution=day`;
    type Row = { start: string; role: string; meters: string[]; amount: string };
    return (await at.api("GET", path)).json.consumption.map((row: Row) => [row.role, row.meters[0], row.amount]);
  };
  const made = await at.api("POST", "/api/v1/placements", {
    body: {
      ...{ unitId: at.unitId, meter, role: "heat", from: "2026-01-01", to: "2026-01-02T11:00:00Z" },
      endReadings: [{ quantity: "energy", unit: "Wh", value: "112000" }],
    },
  });
  assertEquals([made.status, made.json.to, await of(at.unitId)], [
    ...[201, "2026-01-02T11:00:00.000Z"],
    [["heat", meter, "12000"]],
  ]);

  const path = `/api/v1/placements/${made.json.id}`;
  const later = await at.api("PATCH", path, { body: { to: null, role: "cooling" } });
  assertEquals([later.status, later.json.to, later.json.endReadings], [200, null, []]);
  assertEquals(await of(at.unitId), [["cooling", meter, "24000"], ["cooling", meter, "24000"]]);
  assertEquals(
    (await at.api("PATCH", path, { body: { unitId: shop, meter: other, from: "2026-01-02T22:00:00Z" } })).status,
    200,
  );
  assertEquals([await of(at.unitId), await of(shop)], [[], [["cooling", other, "1000"], ["cooling", other, "24000"]]]);

  assertEquals((await at.api("DELETE", path)).status, 204);
  assertEquals([await of(shop), (await at.api("GET", "/api/v1/placements")).json.placements], [[], []]);
  const nowhere = await at.sql`select distinct placement_id::int as id from consumption`;
  assertEquals(nowhere.map(({ id }) => id), [0]);
});

Deno.test("PATCH and DELETE /api/v1/placements/… refuse what cannot be, and change nothing then", async () => {
  await using at = await consumptionSite();
  await at.read("00000001", "2026-01-02T00:00:00Z", [1]);
  const meter = await at.meter("00000001");
  const body = { unitId: at.unitId, meter, role: "heat", from: "2026-01-01T00:00:00Z", to: "2026-02-01T00:00:00Z" };
  const first = (await at.api("POST", "/api/v1/placements", { body })).json;
  const { to: _, ...open } = { ...body, from: "2026-02-01T00:00:00Z" };
  const second = (await at.api("POST", "/api/v1/placements", { body: open })).json;
  const path = `/api/v1/placements/${first.id}`;
  const endReadings = [{ quantity: "energy", unit: "Wh", value: "1" }];
  const refused: [string, unknown, number, string][] = [
    [path, { to: null }, 409, "placed_elsewhere"],
    [path, { to: "2026-02-02T00:00:00Z" }, 409, "placed_elsewhere"],
    [path, { to: "2025-02-02T00:00:00Z" }, 400, "invalid"],
    [path, { endReadings }, 400, "invalid"],
    [path, { to: null, endReadings }, 400, "invalid"],
    [path, { placed: "2026-01-01" }, 400, "invalid"],
    [path, { unitId: "999" }, 404, "not_found"],
    [path, { meter: "999" }, 404, "not_found"],
    ["/api/v1/placements/999", {}, 404, "not_found"],
  ];
  for (const [path, change, status, code] of refused) {
    const answer = await at.api("PATCH", path, { body: change });
    assertEquals([answer.status, answer.json.code], [status, code], JSON.stringify(change));
  }
  assertEquals((await at.api("PATCH", path, { body: {}, token: OTHER_TOKEN })).status, 404);
  assertEquals((await at.api("DELETE", path, { token: OTHER_TOKEN })).status, 404);
  assertEquals((await at.api("DELETE", "/api/v1/placements/x")).status, 404);
  assertEquals((await at.api("GET", "/api/v1/placements")).json.placements, [first, second]);
});

Deno.test("POST /api/v1/placements says up to when readings were dropped, where a placement reaches further back", async () => {
  await using at = await consumptionSite();
  await at.read("00000001", "2025-12-31T20:00:00Z", counting(1, 9));
  await at.sql`select drop_months_before('readings', '2026-01-15')`;
  const body = { unitId: at.unitId, meter: await at.meter("00000001"), role: "heat", from: "2025-01-01" };
  const made = await at.api("POST", "/api/v1/placements", { body });
  assertEquals(made.json.unchangedBefore, "2026-01-01T00:00:00.000Z");
  const path = `/api/v1/placements/${made.json.id}`;
  assertEquals((await at.api("PATCH", path, { body: { from: "2026-01-01" } })).json.unchangedBefore, undefined);
});
