import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { prometheusText } from "../../../gateway/metrics/prometheus.ts";
import { FIGURES } from "./figures.ts";

Deno.test("prometheusText() names each figure once, with its type and the gateway", () => {
  const text = prometheusText(FIGURES);
  for (
    const line of [
      "# TYPE mbus_gateway_read_failures_total counter",
      'mbus_gateway_read_failures_total{gateway="GW-0001",reason="no_answer"} 2',
      'mbus_gateway_read_failures_total{gateway="GW-0001",reason="corrupt"} 1',
      'mbus_gateway_broker_connections_total{gateway="GW-0001"} 2',
      'mbus_gateway_spool_depth{gateway="GW-0001"} 5',
      'mbus_gateway_spool_dropped_total{gateway="GW-0001"} 3',
      'mbus_gateway_spool_salvages_total{gateway="GW-0001"} 1',
      'mbus_gateway_spool_oldest_age_seconds{gateway="GW-0001"} 90',
      'mbus_gateway_readouts_taken_total{gateway="GW-0001"} 40',
      'mbus_gateway_meters{gateway="GW-0001",state="offline"} 1',
      'mbus_gateway_info{gateway="GW-0001",version="1.2.3"} 1',
    ]
  ) assertStringIncludes(text, `${line}\n`);
  const samples = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  for (const sample of samples) assertMatch(sample, /^mbus_gateway_[a-z_]+\{(?:[a-z]+="[^"\\]*",?)+\} \d+$/);
  assertEquals(new Set(samples).size, samples.length);
  for (const name of text.matchAll(/^# TYPE (\S+) counter$/gm)) assert(name[1]?.endsWith("_total"), name[1]);
});

Deno.test("prometheusText() leaves out what there is none of, and escapes what would end a label", () => {
  const text = prometheusText({
    ...FIGURES,
    spool: { ...FIGURES.spool, oldestAgeSeconds: null },
    failures: { 'odd"\n': 1 },
  });
  assert(!text.includes("\nmbus_gateway_spool_oldest_age_seconds{"));
  assertStringIncludes(text, String.raw`reason="odd\"\n"} 1`);
});
