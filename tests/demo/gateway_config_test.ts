import { assertEquals } from "@std/assert";
import { parseConfig } from "../../gateway/config.ts";
import { gatewayConfig } from "./gateway_config.ts";
import { makePlaces } from "./places.ts";

Deno.test("gatewayConfig() is a configuration that the gateway accepts", async () => {
  const data = await Deno.makeTempDir({ prefix: "mbus_demo_" });
  const places = await makePlaces(data);
  const config = parseConfig(gatewayConfig({ http: 8080, mqtt: 1883, mbus: 10001 }, places), {
    path: places.gatewayConfig,
  });
  assertEquals(config.gateway, "GW-0001");
  assertEquals(config.mqtt.url, "mqtt://127.0.0.1:1883");
  assertEquals(config.platform.url, "http://127.0.0.1:8080");
  assertEquals(config.dataFolder, `${data}/gateway`);
  assertEquals(config.connection, "always");
  const [bus] = config.buses;
  assertEquals([bus?.port, bus?.intervalMs], ["tcp://127.0.0.1:10001", 5_000]);
  assertEquals(bus?.meters.map(({ address }) => address), ["p1", "p2", "p3", "p4", "p5", "p6"]);
  await Deno.remove(data, { recursive: true });
});
