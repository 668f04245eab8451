import { assertEquals } from "@std/assert";
import type { MqttMessage } from "@mbus-gateway/resource";
import { Deliveries } from "../../../server/ingest/deliveries.ts";

Deno.test("Deliveries acknowledges in the order of arrival, whatever was stored first", () => {
  const acknowledged: number[] = [];
  const message = (number: number): MqttMessage => ({
    topic: "meters/GW-0001/data",
    payload: new Uint8Array(number),
    retain: false,
    duplicate: false,
    acknowledge: () => acknowledged.push(number),
  });
  const deliveries = new Deliveries();
  const [first, second, third] = [1, 2, 3].map((number) => deliveries.add(message(number)));
  assertEquals([deliveries.length, deliveries.bytes], [3, 6]);
  third?.();
  assertEquals([acknowledged, deliveries.length], [[], 3]);
  first?.();
  assertEquals([acknowledged, deliveries.bytes], [[1], 5]);
  second?.();
  assertEquals([acknowledged, deliveries.length, deliveries.bytes], [[1, 2, 3], 0, 0]);
});
