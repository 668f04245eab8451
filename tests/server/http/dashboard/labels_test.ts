import { assertEquals } from "@std/assert";
import { meterKind, quantityLabel } from "../../../../server/http/dashboard/meter_kind.ts";
import { ago, utcText } from "../../../../server/http/dashboard/moment.tsx";
import { attributeLabel, seriesLabel } from "../../../../server/http/dashboard/series_label.ts";
import { link } from "../../../../server/http/dashboard/links.ts";

Deno.test("seriesLabel() tells a series from its neighbours and is short for the present total", () => {
  const plain = { quantity: "energy", function: "instantaneous", storageNumber: 0, tariff: 0, subunit: 0 };
  assertEquals(seriesLabel({ ...plain, modifiers: [], occurrence: 0 }), "Energy");
  assertEquals(
    seriesLabel({
      ...plain,
      function: "maximum",
      storageNumber: 1,
      tariff: 2,
      subunit: 3,
      modifiers: ["l1"],
      occurrence: 1,
    }),
    "Energy, l1, maximum, storage 1, tariff 2, subunit 3, no. 2",
  );
});

Deno.test("attributeLabel() reads the decoder's key, and shows another as it is", () => {
  assertEquals(attributeLabel("date::instantaneous:s1:t0:u0"), "Date, storage 1");
  assertEquals(
    attributeLabel("datetime::maximum:s0:t0:u0:start_of,first#2"),
    "Datetime, start of, first, maximum, no. 3",
  );
  assertEquals(attributeLabel("anything else"), "anything else");
});

Deno.test("meterKind() knows the kinds of the demo and shows others by their name", () => {
  assertEquals(["heat", "warm_water", "smoke_detector", null].map((type) => meterKind(type).label), [
    "Heat",
    "Warm water",
    "Smoke detector",
    "Meter",
  ]);
  assertEquals(quantityLabel("return_temperature"), "Return temperature");
});

Deno.test("ago() is rough, and never in the future", () => {
  const now = new Date("2026-01-31T12:00:00Z");
  const after = (seconds: number) => ago(new Date(now.getTime() - seconds * 1000), now);
  assertEquals([0, 8, 119, 120, 7200, 200_000, -30].map(after), [
    "0 s ago",
    "8 s ago",
    "119 s ago",
    "2 min ago",
    "2 h ago",
    "2 d ago",
    "0 s ago",
  ]);
  assertEquals(utcText(now, "full"), "2026-01-31 12:00:00 UTC");
});

Deno.test("link() carries the demo's secret and escapes what it is given", () => {
  assertEquals(link("/", ""), "/");
  assertEquals(link("/meters/1", "s&t", { series: "2", period: null }), "/meters/1?demo=s%26t&series=2");
});
