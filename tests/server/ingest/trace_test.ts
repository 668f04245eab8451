import { assert, assertEquals } from "@std/assert";
import { freePort } from "../../fixtures/free_port.ts";
import { runToEnd } from "../../fixtures/server_process.ts";

interface SentSpan {
  name: string;
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  kind: number;
  links?: { spanId: string }[];
  attributes?: { key: string; value: { stringValue?: string } }[];
  status?: { code?: number };
}

/** A collector of OpenTelemetry's protocol over HTTP, as JSON. */
function collector() {
  const spans: SentSpan[] = [];
  const port = freePort();
  const server = Deno.serve({ hostname: "127.0.0.1", port, onListen: () => {} }, async (request) => {
    const body = await request.text();
    if (new URL(request.url).pathname === "/v1/traces") {
      const { resourceSpans = [] } = JSON.parse(body);
      for (const { scopeSpans } of resourceSpans) {
        for (const scope of scopeSpans) if (scope.scope.name === "mbus-server") spans.push(...scope.spans);
      }
    }
    return new Response("{}", { headers: { "content-type": "application/json" } });
  });
  return { spans, url: `http://127.0.0.1:${port}`, [Symbol.asyncDispose]: () => server.shutdown() };
}

Deno.test("openTelemetry() traces a message to its commit, and what failed; without OTEL_DENO nothing is recorded", async () => {
  await using at = collector();
  const program = ["-A", "tests/server/ingest/traced_lanes.ts"];
  const off = await runToEnd(program);
  assertEquals([off.code, off.stderr], [0, ""]);
  assertEquals(at.spans, []);

  const on = await runToEnd(program, {
    OTEL_DENO: "true",
    OTEL_EXPORTER_OTLP_ENDPOINT: at.url,
    OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
    OTEL_BSP_SCHEDULE_DELAY: "50",
  });
  assertEquals([on.code, on.stderr], [0, ""]);
  const named = (name: string) => at.spans.filter((span) => span.name === name);
  const [message] = named("message");
  const [failed, stored] = named("batch");
  const [write] = named("write");
  assert(message !== undefined && failed !== undefined && stored !== undefined && write !== undefined);
  assertEquals(message.kind, 5); // CONSUMER in the protocol
  assertEquals(message.attributes?.find(({ key }) => key === "mbus.gateway")?.value.stringValue, "GW-0001");
  for (const batch of [failed, stored]) assertEquals(batch.links?.map(({ spanId }) => spanId), [message.spanId]);
  assertEquals([failed.status?.code, stored.status?.code ?? 0], [2, 0]);
  assertEquals([write.traceId, write.parentSpanId], [stored.traceId, stored.spanId]);
});
