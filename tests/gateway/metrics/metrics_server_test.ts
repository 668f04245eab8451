import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { ConfigurationError } from "@mbus-gateway/resource";
import { metricsServer } from "../../../gateway/metrics/metrics_server.ts";
import { FIGURES } from "./figures.ts";

Deno.test("metricsServer() gives the figures of the moment at /metrics and nothing else", async () => {
  let depth = 0;
  const figures = () => ({ ...FIGURES, spool: { ...FIGURES.spool, depth: ++depth } });
  await using server = metricsServer({ host: "127.0.0.1", port: 0, figures });
  const ask = (path: string, method = "GET") => fetch(`http://127.0.0.1:${server.port}${path}`, { method });
  for (const expected of [1, 2]) {
    const answer = await ask("/metrics");
    assertEquals(answer.headers.get("content-type"), "text/plain; version=0.0.4; charset=utf-8");
    assertStringIncludes(await answer.text(), `mbus_gateway_spool_depth{gateway="GW-0001"} ${expected}\n`);
  }
  for (const [path, method, status] of [["/", "GET", 404], ["/metrics", "POST", 405]] as const) {
    const answer = await ask(path, method);
    await answer.body?.cancel();
    assertEquals(answer.status, status);
  }
});

Deno.test("metricsServer() says what to do when another program has its port", async () => {
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = taken.addr as Deno.NetAddr;
  await Promise.resolve();
  assertThrows(
    () => metricsServer({ host: "127.0.0.1", port, figures: () => FIGURES }),
    ConfigurationError,
    "another program has it",
  );
});
