import { assertEquals } from "@std/assert";
import { degreeDayLoop, refreshDegreeDays, storeDegreeDays } from "../../../server/degree_days/mod.ts";
import type { Database } from "../../../server/db/mod.ts";
import { testDatabase } from "../../fixtures/private_postgres.ts";
import { site } from "../http/site.ts";
import { collection, feature, source } from "./source.ts";

const DAY_MS = 24 * 60 * 60 * 1000;
const PARAMETER = "acc_heating_degree_days_17";
const now = () => new Date("2026-01-31T12:00:00Z");

async function stored(database: Database) {
  const rows = await database.sql`select area, day::text, value::text from degree_days order by area, day`;
  return rows.map(({ area, day, value }) => `${area} ${day} ${value}`);
}

Deno.test("storeDegreeDays() lets the newest value of a day win, in whatever order they come", async () => {
  await using test = await testDatabase();
  const { database } = test;
  const store = (...values: [value: string, created: string][]) =>
    storeDegreeDays(database, {
      parameter: PARAMETER,
      area: "country",
      days: values.map(([value, created]) => ({ day: "2026-01-30", value, created })),
    });
  assertEquals(await store(["12.40", "2026-01-31T06:00:00.000001Z"]), 1);
  assertEquals(await store(["99", "2026-01-31T06:00:00.000000Z"]), 0);
  assertEquals(await store(["12.40", "2026-01-31T06:00:00.000001Z"]), 0);
  assertEquals(await stored(database), ["country 2026-01-30 12.40"]);
  const newer: [string, string][] = [["1", "2026-02-01T07:00:00Z"], ["2.0", "2026-02-01T09:00:00+01:00"], [
    "3",
    "2026-02-01T06:00:00Z",
  ]];
  assertEquals(await store(...newer), 1);
  assertEquals(await stored(database), ["country 2026-01-30 2.0"]);
});

Deno.test("refreshDegreeDays() fetches years for a new area and weeks for a known one", async () => {
  await using test = await testDatabase();
  await using dmi = source(() => collection([feature("2026-01-30", "12.40")]));
  const refresh = () =>
    refreshDegreeDays({
      database: test.database,
      http: dmi.http,
      area: "country",
      now,
      baseUrl: dmi.baseUrl,
      signal: new AbortController().signal,
    });
  assertEquals([await refresh(), await refresh()], [1, 0]);
  assertEquals(dmi.requests.map(({ url }) => url.searchParams.get("datetime")), [
    "2023-11-23T00:00:00Z/2026-01-31T23:59:59Z",
    "2025-12-01T00:00:00Z/2026-01-31T23:59:59Z",
  ]);
});

Deno.test("degreeDayLoop() fetches each area daily, and again with backoff what failed, until it is ended", async () => {
  await using test = await testDatabase();
  const { database } = test;
  let broken = true;
  await using dmi = source((request) => {
    const url = new URL(request.url);
    if (broken && url.pathname.includes("countryValue")) return new Response("", { status: 500 });
    return collection([feature("2026-01-30", "12.40")]);
  });
  const controller = new AbortController();
  const waits: number[] = [];
  const wait = (ms: number) => {
    waits.push(ms);
    if (waits.length === 3) broken = false;
    if (waits.length === 5) controller.abort();
    return controller.signal.aborted ? Promise.reject(controller.signal.reason) : Promise.resolve();
  };
  await degreeDayLoop({
    database,
    http: dmi.http,
    areas: ["country", "municipality:0101"],
    now,
    signal: controller.signal,
    baseUrl: dmi.baseUrl,
    wait,
    random: () => 0.5,
  });
  assertEquals(waits, [30_000, 60_000, 120_000, DAY_MS, DAY_MS]);
  assertEquals(await stored(database), ["country 2026-01-30 12.40", "municipality:0101 2026-01-30 12.40"]);
  const asked = dmi.requests.map(({ url }) => url.pathname.includes("country") ? "country" : "municipality");
  assertEquals(asked.join(" "), "country municipality country country country country municipality");
});

Deno.test("degreeDayLoop() ends at once while it waits or asks, and without areas", async () => {
  await using test = await testDatabase();
  const asked = Promise.withResolvers<void>();
  const held = Promise.withResolvers<Response>();
  await using dmi = source(() => {
    asked.resolve();
    return held.promise;
  });
  const run = (areas: string[], signal: AbortSignal) =>
    degreeDayLoop({ database: test.database, http: dmi.http, areas, now, signal, baseUrl: dmi.baseUrl });
  const asking = new AbortController();
  const loop = run(["country"], asking.signal);
  await asked.promise;
  asking.abort();
  await loop;
  held.resolve(collection([]));
  const waiting = new AbortController();
  const second = run(["country"], waiting.signal);
  setTimeout(() => waiting.abort(), 100);
  await second;
  await run([], new AbortController().signal);
});

Deno.test("GET /api/v1/degree-days shows an area's days exactly", async () => {
  await using at = await site();
  const day = (day: string, value: string) => ({ day, value, created: "2026-01-31T06:00:00Z" });
  await storeDegreeDays(at.database, {
    parameter: PARAMETER,
    area: "municipality:0101",
    days: [day("2026-01-29", "9.10"), day("2026-01-30", "12.40"), day("2026-01-31", "0")],
  });
  const { json } = await at.api("GET", "/api/v1/degree-days?area=municipality:0101&from=2026-01-30&to=2026-01-31");
  assertEquals([json.parameter, json.area], [PARAMETER, "municipality:0101"]);
  assertEquals(json.days.map(({ day, value }: { day: string; value: string }) => [day, value]), [
    ["2026-01-30", "12.40"],
    ["2026-01-31", "0"],
  ]);
  for (const [query, names] of [["", "area"], ["?area=x", "area"], ["?area=country&from=1.1.2026", "from"]] as const) {
    const { status, json } = await at.api("GET", `/api/v1/degree-days${query}`);
    assertEquals([status, json.detail.includes(names)], [400, true]);
  }
});
