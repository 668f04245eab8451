import { assertEquals, assertStringIncludes } from "@std/assert";
import { consumptionSite, counting } from "./consumption_site.ts";
import { OTHER_TOKEN, site } from "./site.ts";

const HOUSE = {
  name: "Example Street 1",
  address: "Example Street 1, 1000 Example",
  municipalityCode: "0101",
  units: [{ label: "1. left", areaM2: "68.50" }, { label: "1. right", areaM2: 72.25 }, { label: "Shop" }],
};

Deno.test("POST /api/v1/properties creates a property with its units, areas exact", async () => {
  await using at = await site();
  const made = await at.api("POST", "/api/v1/properties", { body: HOUSE });
  assertEquals(made.status, 201);
  assertEquals(made.headers.get("location"), `/api/v1/properties/${made.json.id}`);
  assertEquals(made.json.units.map((unit: Record<string, unknown>) => [unit.label, unit.areaM2]), [
    ["1. left", "68.50"],
    ["1. right", "72.25"],
    ["Shop", null],
  ]);
  assertEquals([made.json.municipalityCode, made.json.timeZone], ["0101", "Europe/Copenhagen"]);
  assertEquals((await at.api("GET", `/api/v1/properties/${made.json.id}`)).json, made.json);
  assertEquals((await at.api("GET", "/api/v1/properties")).json, { properties: [made.json], next: null });
});

Deno.test("POST /api/v1/properties leaves nothing behind when a unit label occurs twice, and names it", async () => {
  await using at = await site();
  const units = [{ label: "1. left" }, { label: "2. left" }, { label: "2. left" }];
  const answer = await at.api("POST", "/api/v1/properties", { body: { ...HOUSE, units } });
  assertEquals([answer.status, answer.json.code], [409, "duplicate_unit"]);
  assertStringIncludes(answer.json.detail, '"2. left"');
  assertEquals((await at.sql`select from properties`).length, 0);
  assertEquals((await at.sql`select from units`).length, 0);
  assertEquals((await at.api("POST", "/api/v1/properties", { body: HOUSE })).status, 201);
});

Deno.test("POST /api/v1/properties refuses a name that the tenant has, and another tenant may have it", async () => {
  await using at = await site();
  await at.api("POST", "/api/v1/properties", { body: HOUSE });
  const again = await at.api("POST", "/api/v1/properties", { body: { ...HOUSE, units: [] } });
  assertEquals([again.status, again.json.code], [409, "duplicate_name"]);
  assertEquals((await at.api("POST", "/api/v1/properties", { body: HOUSE, token: OTHER_TOKEN })).status, 201);
  assertEquals((await at.sql`select from units`).length, 6);
});

Deno.test("GET /api/v1/properties shows a tenant its own alone", async () => {
  await using at = await site();
  const { json: { id } } = await at.api("POST", "/api/v1/properties", { body: HOUSE });
  assertEquals((await at.api("GET", `/api/v1/properties/${id}`, { token: OTHER_TOKEN })).status, 404);
  assertEquals((await at.api("GET", "/api/v1/properties", { token: OTHER_TOKEN })).json.properties, []);
  for (const path of ["999", "0", "x", "9".repeat(30)]) {
    assertEquals((await at.api("GET", `/api/v1/properties/${path}`)).status, 404);
  }
});

Deno.test("POST /api/v1/properties names the field that is wrong", async () => {
  await using at = await site();
  const wrong: [unknown, string][] = [
    [{ ...HOUSE, name: " " }, "name"],
    [{ ...HOUSE, municipalityCode: "101" }, "municipalityCode"],
    [{ ...HOUSE, timeZone: "Europe/Nowhere" }, "timeZone"],
    [{ ...HOUSE, units: [{ label: "1", areaM2: "0" }] }, "units.0.areaM2"],
    [{ ...HOUSE, units: [{ label: "1" }, { label: 2 }] }, "units.1.label"],
    [{ ...HOUSE, floors: 3 }, "floors"],
  ];
  for (const [body, field] of wrong) {
    const { status, json } = await at.api("POST", "/api/v1/properties", { body });
    assertEquals([status, json.code], [400, "invalid"]);
    assertStringIncludes(json.detail, `${field}: `);
  }
  assertEquals((await at.sql`select from properties`).length, 0);
});

Deno.test("PATCH /api/v1/properties/… changes what is named; another time zone has days and months reckoned anew", async () => {
  await using at = await consumptionSite();
  await at.read("00000001", "2026-01-01T23:00:00Z", counting(100, 49));
  const meter = await at.meter("00000001");
  await at.api("POST", "/api/v1/placements", { body: { unitId: at.unitId, meter, role: "heat", from: "2025-12-01" } });
  await at.refresh();
  const path = `/api/v1/properties/${at.property}`;
  const renamed = await at.api("PATCH", path, { body: { name: "Example Street 2", address: "Example" } });
  assertEquals([renamed.status, renamed.json.name, renamed.json.timeZone], [
    200,
    "Example Street 2",
    "Europe/Copenhagen",
  ]);
  assertEquals(await at.refresh(), 0);

  await at.api("PATCH", path, { body: { timeZone: "Asia/Kolkata" } });
  await at.refresh();
  const days = await at.api(
    "GET",
    `/api/v1/consumption?unit=${at.unitId}&from=2026-01-01&to=2026-02-01&resolution=day`,
  );
  assertEquals(days.json.consumption.map(({ start, amount }: { start: string; amount: string }) => [start, amount]), [
    ["2026-01-01T18:30:00.000Z", "19500"],
    ["2026-01-02T18:30:00.000Z", "24000"],
    ["2026-01-03T18:30:00.000Z", "4500"],
  ]);
  assertEquals((await at.api("GET", path)).json, { ...renamed.json, timeZone: "Asia/Kolkata" });
});

Deno.test("PATCH /api/v1/properties/… refuses a name that another has, a wrong field, and another tenant's property", async () => {
  await using at = await site();
  await at.api("POST", "/api/v1/properties", { body: HOUSE });
  const { json: { id } } = await at.api("POST", "/api/v1/properties", { body: { name: "Example Street 2" } });
  const path = `/api/v1/properties/${id}`;
  const twice = await at.api("PATCH", path, { body: { name: HOUSE.name } });
  assertEquals([twice.status, twice.json.code], [409, "duplicate_name"]);
  for (const body of [{ timeZone: "Europe/Nowhere" }, { name: "" }, { units: [] }]) {
    assertEquals((await at.api("PATCH", path, { body })).status, 400);
  }
  assertEquals((await at.api("PATCH", path, { body: { name: "Mine" }, token: OTHER_TOKEN })).status, 404);
  assertEquals((await at.api("PATCH", "/api/v1/properties/x", { body: {} })).status, 404);
  assertEquals((await at.api("GET", path)).json.name, "Example Street 2");
});
