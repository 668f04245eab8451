import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { HttpError } from "@mbus-gateway/resource";
import { fetchDegreeDays } from "../../../server/degree_days/mod.ts";
import { collection, feature, source } from "./source.ts";

const RANGE = { from: "2026-01-01", to: "2026-01-31" };
const AREA = "municipality:0101";

Deno.test("fetchDegreeDays() asks for the area's collection and reads days and values exactly", async () => {
  const created = "2026-01-31T06:00:00.123456+00:00";
  await using dmi = source(() =>
    collection([
      feature("2026-01-30", "12.40", { created }),
      feature("2026-01-31", "0.1234567890123456789", { created }),
      feature("2026-01-29", "1.5e1", { created }),
    ])
  );
  const days = await fetchDegreeDays(dmi.http, { area: AREA, ...RANGE, baseUrl: dmi.baseUrl });
  assertEquals(days, [
    { day: "2026-01-30", value: "12.40", created },
    { day: "2026-01-31", value: "0.1234567890123456789", created },
    { day: "2026-01-29", value: "1.5e1", created },
  ]);
  const [{ url, headers } = { url: new URL("http://none"), headers: new Headers() }] = dmi.requests;
  assertEquals(url.pathname, "/v2/climateData/collections/municipalityValue/items");
  assertEquals(Object.fromEntries(url.searchParams), {
    parameterId: "acc_heating_degree_days_17",
    timeResolution: "day",
    datetime: "2026-01-01T00:00:00Z/2026-01-31T23:59:59Z",
    municipalityId: "0101",
    limit: "1000",
  });
  assertEquals(headers.get("x-gravitee-api-key"), null);
  assertStringIncludes(headers.get("user-agent") ?? "", "mbus-gateway/");
});

Deno.test("fetchDegreeDays() knows each kind of area, and sends a key where there is one", async () => {
  await using dmi = source(() => collection([]));
  const rows = [
    ["municipality:0101", "municipalityValue", "municipalityId", "0101"],
    ["cell:10km_622_58", "10kmGridValue", "cellId", "10km_622_58"],
    ["cell:20km_622_58", "20kmGridValue", "cellId", "20km_622_58"],
    ["station:06180", "stationValue", "stationId", "06180"],
    ["country", "countryValue", "limit", "1000"],
  ] as const;
  for (const [area, collection, parameter, id] of rows) {
    await fetchDegreeDays(dmi.http, { area, ...RANGE, baseUrl: `${dmi.baseUrl}/`, apiKey: "made-up" });
    const last = dmi.requests.at(-1);
    assertEquals(last?.url.pathname, `/v2/climateData/collections/${collection}/items`);
    assertEquals([last?.url.searchParams.get(parameter), last?.headers.get("x-gravitee-api-key")], [id, "made-up"]);
  }
  for (const area of ["municipality:101", "cell:5km_1_1", "country:dk", ""]) {
    await assertRejects(
      () => fetchDegreeDays(dmi.http, { area, ...RANGE, baseUrl: dmi.baseUrl }),
      Error,
      "Cannot find area",
    );
  }
});

Deno.test("fetchDegreeDays() takes a summer day and the days on which the clocks change for what they are", async () => {
  const spans = [
    ["2026-06-30T22:00:00+00:00", "2026-07-01T22:00:00+00:00", "2026-07-01"],
    ["2026-03-28T23:00:00+00:00", "2026-03-29T22:00:00+00:00", "2026-03-29"],
    ["2026-10-24T22:00:00+00:00", "2026-10-25T23:00:00+00:00", "2026-10-25"],
    ["2026-01-31T00:00:00.001000+00:00", "2026-02-01T00:00:00+00:00", "2026-01-31"],
  ] as const;
  await using dmi = source(() => collection(spans.map(([from, to]) => feature("2026-01-01", "1", { from, to }))));
  const days = await fetchDegreeDays(dmi.http, { area: "country", ...RANGE, baseUrl: dmi.baseUrl });
  assertEquals(days.map(({ day }) => day), spans.map(([, , day]) => day));
});

Deno.test("fetchDegreeDays() follows the links to the next page to the end", async () => {
  await using dmi = source((request, asked) => {
    const next = new URL(request.url);
    next.searchParams.set("offset", String(asked));
    return asked < 3
      ? collection(
        [feature(`2026-01-0${asked}`, `${asked}`)],
        asked === 1 ? next.href : `${next.pathname}${next.search}`,
      )
      : collection([feature("2026-01-03", "3")]);
  });
  const days = await fetchDegreeDays(dmi.http, { area: AREA, ...RANGE, baseUrl: dmi.baseUrl });
  assertEquals(days.map(({ value }) => value), ["1", "2", "3"]);
  assertEquals(dmi.requests.map(({ url }) => url.searchParams.get("offset")), [null, "1", "2"]);
});

Deno.test("fetchDegreeDays() refuses a next page on another host and one of its own port", async () => {
  for (
    const next of ["https://evil.example/items", "http://127.0.0.1:1/items", "//evil.example/items", "file:///etc"]
  ) {
    await using dmi = source(() => collection([feature("2026-01-01", "1")], next));
    const fetching = () => fetchDegreeDays(dmi.http, { area: AREA, ...RANGE, baseUrl: dmi.baseUrl, apiKey: "made-up" });
    await assertRejects(fetching, Error, "Cannot fetch degree days: the next page is at");
    assertEquals(dmi.requests.length, 1);
  }
});

Deno.test("fetchDegreeDays() gives up on pages without end", async () => {
  await using dmi = source((request) => collection([feature("2026-01-01", "1")], request.url));
  await assertRejects(
    () => fetchDegreeDays(dmi.http, { area: AREA, ...RANGE, baseUrl: dmi.baseUrl }),
    Error,
    "more than 50 pages",
  );
});

Deno.test("fetchDegreeDays() gives up on an answer that drips for longer than the total time-out", async () => {
  await using dmi = source(() => {
    let timer: ReturnType<typeof setInterval>;
    const drip = new ReadableStream({
      start: (stream) => {
        timer = setInterval(() => stream.enqueue(new TextEncoder().encode(" ")), 10);
      },
      cancel: () => clearInterval(timer),
    });
    return new Response(drip);
  }, 150);
  const error = await assertRejects(
    () => fetchDegreeDays(dmi.http, { area: AREA, ...RANGE, baseUrl: dmi.baseUrl }),
    Error,
  );
  assertStringIncludes(error.message, "no complete answer within 0.15 s");
});

Deno.test("fetchDegreeDays() names what is wrong with an answer", async () => {
  const wrong: [string, string][] = [
    ["<html>", "no JSON"],
    ["{}", "type"],
    ['{"type":"FeatureCollection"}', "features"],
    [`{"type":"FeatureCollection","features":[${feature("2026-01-01", "null")}]}`, "features.0.properties.value"],
    [`{"type":"FeatureCollection","features":[${feature("2026-01-01", '"1"')}]}`, "features.0.properties.value"],
    [`{"type":"FeatureCollection","features":[${feature("2026-01-01", "1e999")}]}`, "features.0.properties.value"],
    [`{"type":"FeatureCollection","features":[${feature("2026-01-01", "1", { created: "now" })}]}`, "created"],
    [
      `{"type":"FeatureCollection","features":[${feature("2026-01-01", "1", { parameterId: "mean_temp" })}]}`,
      "mean_temp",
    ],
    [
      `{"type":"FeatureCollection","features":[${feature("2026-01-01", "1", { to: "2026-02-01T00:00:00Z" })}]}`,
      "is no day",
    ],
  ];
  for (const [text, says] of wrong) {
    await using dmi = source(() => new Response(text));
    const error = await assertRejects(
      () => fetchDegreeDays(dmi.http, { area: AREA, ...RANGE, baseUrl: dmi.baseUrl }),
      Error,
    );
    assertStringIncludes(error.message, "Cannot read degree days: ");
    assertStringIncludes(error.message, says);
  }
});

Deno.test("fetchDegreeDays() hands on that it asked too often, or that the source is broken", async () => {
  for (const status of [429, 500, 403]) {
    await using dmi = source(() => new Response("no", { status }));
    const error = await assertRejects(
      () => fetchDegreeDays(dmi.http, { area: AREA, ...RANGE, baseUrl: dmi.baseUrl }),
      HttpError,
    );
    assertEquals(error.status, status);
  }
});
