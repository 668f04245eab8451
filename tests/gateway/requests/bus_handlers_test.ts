import { assertEquals, assertStringIncludes } from "@std/assert";
import { silentLog } from "@mbus-gateway/resource";
import { encodeRequest } from "@mbus-gateway/wire";
import { NOBODY_PASSES } from "../../../gateway/passage.ts";
import { busHandlers } from "../../../gateway/requests/bus_handlers.ts";
import { requestMemory } from "../../../gateway/requests/request_memory.ts";
import { createRequests } from "../../../gateway/requests/requests.ts";
import { NOON, virtualBus } from "../virtual_bus.ts";

Deno.test("read has the patience with a meter that its bus is configured with, and the bus's own with others", async () => {
  const { bus } = virtualBus({ manners: () => ({ thinkMs: 4_000 }) });
  const clock = { now: () => new Date(NOON), trusted: () => true };
  using memory = requestMemory(":memory:");
  const requests = createRequests({ gateway: "GW-0001", memory, clock, log: silentLog });
  const patient = { address: "100010022D4D1216", timeoutMs: 5_000, retries: 0 };
  using _ = requests.offer(busHandlers({
    desk: { buses: ["main"], ask: (_, job, signal) => job(bus, signal, NOBODY_PASSES) },
    buses: [{ name: "other", meters: [{ address: "p1", timeoutMs: 5_000 }] }, { name: "main", meters: [patient] }],
    clock,
  }));
  const read = async (address: string) => {
    const request = encodeRequest({
      id: address,
      expiresAt: new Date(NOON + 60_000).toISOString(),
      params: { address },
    });
    const { response } = await requests.handle({ verb: "read", bytes: new TextEncoder().encode(request) });
    return JSON.parse(response);
  };
  assertEquals((await read("100010022d4d1216")).result?.telegrams[0].identification, "10001002");
  assertStringIncludes((await read("p1")).error, "SND_NKE failed 3 times");
});
