import { assertEquals } from "@std/assert";
import { Histogram, metric } from "../../../server/metrics/prometheus.ts";

Deno.test("metric() asks for its value when it is read", () => {
  let value = 1;
  const messages = metric("messages_total", "counter", "Messages taken in.", () => value);
  value = 2;
  assertEquals(
    messages.text(),
    "# HELP messages_total Messages taken in.\n# TYPE messages_total counter\nmessages_total 2\n",
  );
});

Deno.test("Histogram counts at or below each bound, as Prometheus wants it", () => {
  const histogram = new Histogram("seconds", "Time.", [0.1, 1]);
  for (const value of [0.05, 0.1, 0.5, 3]) histogram.observe(value);
  assertEquals(
    histogram.text(),
    [
      "# HELP seconds Time.",
      "# TYPE seconds histogram",
      'seconds_bucket{le="0.1"} 2',
      'seconds_bucket{le="1"} 3',
      'seconds_bucket{le="+Inf"} 4',
      "seconds_sum 3.65",
      "seconds_count 4",
      "",
    ].join("\n"),
  );
});
