import { assertEquals } from "@std/assert";
import { GatewayId, gatewayOfDataTopic, SERVER_NAME, topic } from "@mbus-gateway/wire";
import * as v from "valibot";

Deno.test("gatewayOfDataTopic() names the gateway of a data topic and of nothing else", () => {
  assertEquals(gatewayOfDataTopic(topic.data("GW-0001")), "GW-0001");
  for (
    const other of ["meters//data", "meters/a/b/data", "meters/a/data/x", "x/meters/a/data", topic.confirm("a"), ""]
  ) {
    assertEquals(gatewayOfDataTopic(other), null, other);
  }
});

Deno.test("topic holds the gateway's id as one level, as the broker's access rules expect", () => {
  assertEquals(
    [topic.data("GW-0001"), topic.confirm("GW-0001"), topic.state("GW-0001"), topic.allData],
    ["meters/GW-0001/data", "gateways/GW-0001/confirm", "gateways/GW-0001/state", "meters/+/data"],
  );
});

Deno.test("GatewayId refuses what is no level of a topic, and the server's own name", () => {
  const accepted = (id: string) => v.safeParse(GatewayId, id).success;
  assertEquals(["GW-0001", "a", "0_x"].map(accepted), [true, true, true]);
  const refused = ["", "-a", "a/b", "a+", "a#", "ä", "a b", SERVER_NAME, "x".repeat(65)];
  assertEquals(refused.filter(accepted), []);
});
