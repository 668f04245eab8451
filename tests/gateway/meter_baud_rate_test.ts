import { assertEquals, assertRejects } from "@std/assert";
import { ConfigurationError, DeviceError } from "@mbus-gateway/resource";
import { meterBus, MeterError } from "../../gateway/meter_bus.ts";
import { addressOf, type VirtualBus, virtualBus } from "./virtual_bus.ts";
import { scriptedSegment, telegram } from "./scripted_segment.ts";

const AT_2400 = () => ({ baudRate: 2400 });

/** A segment whose meters cannot be made out at some speeds: too far away, or answering garbage. */
function farAway(isUnreadable: (baudRate: number) => boolean): VirtualBus {
  const far: VirtualBus = virtualBus({
    manners: AT_2400,
    faults: ({ what, bytes }) =>
      what === "telegram" && isUnreadable(far.line.baudRate)
        ? { kind: "corrupt", offset: bytes.length - 3, mask: 1 }
        : null,
  });
  return far;
}

Deno.test("setBaudRate() makes a meter change its speed, proves it there, and brings the line back", async () => {
  const { bus, line, meters, segment } = virtualBus({ manners: AT_2400 });
  await bus.setBaudRate("p1", 9600);
  assertEquals(meters.map(({ manners }) => manners.baudRate), [9600, 2400, 2400, 2400, 2400, 2400]);
  assertEquals(segment.done.map(({ command }) => command), ["bd"]);
  assertEquals(line.baudRate, 2400);
  await bus.readMeter("p2");
});

Deno.test("setBaudRate() reaches a meter by its secondary address", async () => {
  const { bus, meters } = virtualBus({ manners: AT_2400 });
  const [meter] = meters;
  await bus.setBaudRate(meter === undefined ? "" : addressOf(meter), 300);
  assertEquals(meter?.manners.baudRate, 300);
});

Deno.test("setBaudRate() fetches a meter back that cannot be read at the new speed", async () => {
  const { bus, line, meters } = farAway((baudRate) => baudRate === 38_400);
  const thrown = await assertRejects(
    () => bus.setBaudRate("p1", 38_400),
    MeterError,
    "Cannot set meter p1 to 38400 baud: it could not be read there and is back at 2400 baud",
  );
  assertEquals(thrown.code, "not_proven");
  assertEquals(meters[0]?.manners.baudRate, 2400);
  assertEquals(line.baudRate, 2400);
  await bus.readMeter("p1");
});

Deno.test("setBaudRate() says so when a meter acknowledges and stays at its speed", async () => {
  const { bus, meters } = virtualBus(); // meters that hear at any speed
  const [meter] = meters;
  if (meter === undefined) throw new Error("Cannot go on: there is a meter");
  Object.defineProperty(meter.manners, "baudRate", { get: () => 2400, set: () => {} });
  await assertRejects(() => bus.setBaudRate("p1", 9600), MeterError, "it stayed at 2400 baud");
});

Deno.test("setBaudRate() asks nothing of a meter whose line cannot follow", async () => {
  await using segment = await scriptedSegment([["e5"], [telegram()]]);
  const bus = meterBus(segment.line, { baudRate: 2400, timeoutMs: 5_000 });
  await assertRejects(() => bus.setBaudRate("p5", 9600), DeviceError, "use rfc2217://host:port");
  assertEquals(segment.requests.length, 2, "the reading before, and nothing else");
});

Deno.test("setBaudRate() refuses a speed that the standard does not have", async () => {
  const { bus } = virtualBus();
  await assertRejects(() => bus.setBaudRate("p1", 1234), ConfigurationError, "expected one of 300, 600");
  assertEquals(bus.counts.requests, 0);
});
