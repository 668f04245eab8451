import { assertEquals } from "@std/assert";
import { silentLog } from "@mbus-gateway/resource";
import { healthGuest } from "../../../gateway/metrics/health.ts";
import { manualTime } from "../../fixtures/manual_time.ts";
import { plainBroker } from "../../fixtures/plain_broker.ts";
import { until } from "../../fixtures/until.ts";
import { mqttSession } from "@mbus-gateway/resource";
import { FIGURES } from "./figures.ts";

Deno.test("healthGuest() keeps the gateway's health at the broker, renewed while the connection stands", async () => {
  await using broker = await plainBroker();
  const { timer, pass } = manualTime();
  let uptimeSeconds = 0;
  const figures = () => ({ ...FIGURES, uptimeSeconds: ++uptimeSeconds });
  const heard: { topic: string; health: { schema: string; uptimeSeconds: number } }[] = [];
  const over = new AbortController();
  await using gateway = await mqttSession({ url: broker.url, clientId: "GW-0001" });
  const attending = healthGuest({ figures, intervalMs: 60_000, timer, log: silentLog }).attend(gateway, over.signal);
  await until("the first is told", () => uptimeSeconds === 1);
  await using watcher = await mqttSession({
    url: broker.url,
    clientId: "watcher",
    onMessage: ({ topic, payload }) => heard.push({ topic, health: JSON.parse(new TextDecoder().decode(payload)) }),
  });
  await watcher.subscribe("gateways/+/health");
  await until("the retained one has come", () => heard.length === 1);
  await pass(60_000);
  await until("the next one has come", () => heard.length === 2);
  assertEquals(
    heard.map(({ topic, health }) => [topic, health.schema, health.uptimeSeconds]),
    [["gateways/GW-0001/health", "mbus-gateway/health", 1], ["gateways/GW-0001/health", "mbus-gateway/health", 2]],
  );
  over.abort();
  await attending;
});
