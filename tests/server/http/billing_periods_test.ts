import { assertEquals, assertRejects } from "@std/assert";
import { consumptionSite, counting } from "./consumption_site.ts";
import { OTHER_TOKEN } from "./site.ts";

/** A unit with a heat meter that counted 1 kWh an hour for 47 hours, and a period of these two days. */
async function billed() {
  const at = await consumptionSite();
  await at.read("00000001", "2026-01-01T23:00:00Z", counting(100, 48));
  const meter = await at.meter("00000001");
  await at.api("POST", "/api/v1/placements", { body: { unitId: at.unitId, meter, role: "heat", from: "2025-12-01" } });
  const made = await at.api("POST", "/api/v1/billing-periods", {
    body: { property: at.property, from: "2026-01-02", to: "2026-01-04" },
  });
  return { ...at, made, path: `/api/v1/billing-periods/${made.json.id}` };
}

Deno.test("POST /api/v1/billing-periods/…/close writes figures down for good; late readings become corrections", async () => {
  await using at = await billed();
  assertEquals([at.made.status, at.made.json.closedAt], [201, null]);
  const early = await at.api("POST", `${at.path}/close`);
  assertEquals([early.status, early.json.code], [409, "not_reckoned"]);
  await at.refresh();
  const closed = await at.api("POST", `${at.path}/close`);
  assertEquals([closed.status, closed.json.closedAt], [200, "2026-01-31T12:00:00.000Z"]);
  const figure = {
    ...{ unitId: at.unitId, role: "heat", meter: await at.meter("00000001"), series: closed.json.figures[0].series },
    ...{ quantity: "energy", unit: "Wh" },
  };
  assertEquals(closed.json.figures, [{ ...figure, amount: "47000", interpolated: false, partial: true }]);
  assertEquals(closed.json.corrections, []);
  assertEquals((await at.api("POST", `${at.path}/close`)).json.code, "closed");

  await at.read("00000001", "2026-01-03T23:00:00Z", [150]); // the last hour's end, late
  await at.read("00000001", "2026-01-03T23:30:00Z", [151]);
  const corrected = (await at.api("GET", at.path)).json;
  assertEquals(corrected.figures, closed.json.figures);
  assertEquals(corrected.corrections.map(({ notedAt: _, ...rest }: Record<string, unknown>) => rest), [
    { ...figure, amount: "3000" },
  ]);

  await at.sql`update readings set is_current = false where time = '2026-01-03T23:00:00Z'`;
  await at.refresh();
  const again = (await at.api("GET", at.path)).json;
  assertEquals(again.figures, closed.json.figures);
  assertEquals(again.corrections.map(({ amount }: { amount: string }) => amount), ["3000", "-333.333333"]);
});

Deno.test("A closed billing period cannot be rewritten, not even by a superuser", async () => {
  await using at = await billed();
  await at.refresh();
  await at.api("POST", `${at.path}/close`);
  for (
    const statement of [
      "update billing_figures set amount = 0",
      "delete from billing_figures",
      "update billing_periods set closed_at = null",
      "delete from billing_periods",
    ]
  ) {
    await assertRejects(() => at.sql.unsafe(statement), Error, "what was billed stays");
  }
});

Deno.test("POST /api/v1/billing-periods refuses days that are billed already, and closing before the end", async () => {
  await using at = await billed();
  await at.refresh();
  const open = (from: string, to: string, property = at.property, token?: string) =>
    at.api("POST", "/api/v1/billing-periods", { body: { property, from, to }, ...(token && { token }) });
  assertEquals((await open("2026-01-03", "2026-03-01")).json.code, "overlap");
  const running = await open("2026-01-04", "2027-01-01");
  assertEquals(running.status, 201);
  assertEquals((await at.api("POST", `/api/v1/billing-periods/${running.json.id}/close`)).json.code, "not_ended");
  assertEquals((await open("2027-02-01", "2027-01-01")).status, 400);
  assertEquals((await open("2027-01-01", "2028-01-01", "999")).status, 404);
  assertEquals((await open("2027-01-01", "2028-01-01", at.property, OTHER_TOKEN)).status, 404);
  const list = await at.api("GET", `/api/v1/billing-periods?property=${at.property}`);
  assertEquals(list.json.billingPeriods.map(({ from, to }: { from: string; to: string }) => [from, to]), [
    ["2026-01-02", "2026-01-04"],
    ["2026-01-04", "2027-01-01"],
  ]);
  assertEquals((await at.api("GET", "/api/v1/billing-periods", { token: OTHER_TOKEN })).json.billingPeriods, []);
  for (const [method, path] of [["GET", at.path], ["POST", `${at.path}/close`]] as const) {
    assertEquals((await at.api(method, path, { token: OTHER_TOKEN })).status, 404);
  }
});
