import { assert, assertEquals, assertGreater, assertLess, assertRejects } from "@std/assert";
import { DeviceError } from "@mbus-gateway/resource";
import { meterBus, MeterError, type ScanEvent } from "../../../gateway/meter_bus.ts";
import { POPULATIONS, seededFaults } from "../../simulator/mod.ts";
import { converter } from "../converter.ts";
import { addressOf, virtualBus } from "../virtual_bus.ts";

const ALL_BAUD_RATES = [300, 600, 1200, 2400, 4800, 9600, 19200, 38400];

for (const population of POPULATIONS) {
  Deno.test(`scan() finds 250 meters by secondary address: ${population}`, async () => {
    const { bus, line, meters } = virtualBus({ meters: 250, population });
    const events: ScanEvent[] = [];
    const report = await bus.scan({ space: "secondary", onEvent: (event) => events.push(event) });
    assertEquals(report.meters.map(({ address }) => address).sort(), meters.map(addressOf).sort());
    assertEquals(report.unresolved, []);
    // Each find is told once, as it happens; the progress never goes back.
    assertEquals(events.flatMap((event) => event.type === "found" ? [event.meter] : []), report.meters);
    const progress = events.flatMap((event) => event.type === "progress" ? [event.done] : []);
    assertEquals(progress, progress.toSorted((a, b) => a - b));
    assertGreater(events.filter(({ type }) => type === "collision").length, 10);
    // Nobody who knows all meters would have been quicker than the bound says, and a scan is not much slower.
    assertLess(report.lowerBound.requests, report.requests);
    assertLess(report.lowerBound.seconds, report.seconds);
    assertLess(report.seconds, 7 * report.lowerBound.seconds);
    assertEquals(report.seconds, line.elapsed() / 1000);
    assertEquals(report.requests, bus.counts.requests);
  });
}

Deno.test("scan() finds 250 meters by primary address, and says who they are", async () => {
  const { bus, meters } = virtualBus({ meters: 250 });
  const report = await bus.scan({ space: "primary" });
  assertEquals(
    report.meters.map(({ address }) => address),
    meters.map(({ identity }) => `p${identity.primaryAddress}`),
  );
  assertEquals(report.meters[1], {
    address: "p2",
    secondary: meters[1] === undefined ? "" : addressOf(meters[1]),
    manufacturer: "SIM",
    identification: "10001002",
    version: meters[1]?.identity.version ?? -1,
    deviceType: "cold_water",
    baudRate: 2400,
  });
  assertEquals(report.requests, report.lowerBound.requests);
});

Deno.test("scan() says at which primary address several meters are", async () => {
  const { bus, meters } = virtualBus({ meters: 6 });
  for (const meter of meters.slice(0, 3)) meter.identity.primaryAddress = 0;
  const events: ScanEvent[] = [];
  const report = await bus.scan({ space: "primary", onEvent: (event) => events.push(event) });
  assertEquals(report.meters.map(({ address }) => address), ["p4", "p5", "p6"]);
  assertEquals(report.unresolved, ["p0"]);
  assertEquals(events.filter(({ type }) => type === "collision"), [{ type: "collision", at: "p0" }]);
});

Deno.test("scan() finds nobody on an empty segment", async () => {
  const { bus } = virtualBus({ meters: 1, manners: () => ({ baudRate: 300 }) });
  const { meters, requests, lowerBound } = await bus.scan({ space: "secondary" });
  assertEquals({ meters, requests, lowerBound: lowerBound.requests }, { meters: [], requests: 1, lowerBound: 1 });
});

Deno.test("scan() passes over the echo of a half-duplex converter", async () => {
  for (const space of ["primary", "secondary"] as const) {
    const { bus, meters } = virtualBus({ meters: 30, population: "colliding", echo: true });
    const report = await bus.scan({ space });
    assertEquals(report.meters.length, meters.length);
  }
});

Deno.test.each([[1], [2], [3]])(
  "scan() finds every meter on a line that loses and garbles answers (seed %i)",
  async (seed) => {
    const faults = seededFaults(seed, { drop: 0.02, noise: 0.03, corrupt: 0.04, delay: 0.02 }, { delayMs: 400 });
    const { bus, meters } = virtualBus({ meters: 60, population: "random", seed, faults });
    const report = await bus.scan({ space: "secondary" });
    const found = new Set(report.meters.map(({ address }) => address));
    assertEquals(meters.map(addressOf).filter((address) => !found.has(address)), []);
    assertEquals(found.size, meters.length, "and none that is not there");
  },
);

Deno.test.each([[1], [2], [3]])(
  "scan() takes no noise for two meters at one primary address (seed %i)",
  async (seed) => {
    const faults = seededFaults(seed, { noise: 0.05, corrupt: 0.1 });
    const { bus, meters } = virtualBus({ meters: 60, seed, faults });
    const report = await bus.scan({ space: "primary" });
    assertEquals(
      report.meters.map(({ address }) => address),
      meters.map(({ identity }) => `p${identity.primaryAddress}`),
    );
    assertEquals(report.unresolved, []);
  },
);

Deno.test("scan() waits for slow meters where the bus is said to have them", async () => {
  const manners = (index: number) => index % 2 === 0 ? { thinkMs: 700 } : {};
  const slow = { meters: 20, population: "random", manners } as const;
  const patient = virtualBus({ ...slow, master: { timeoutMs: 1_000 } });
  assertEquals((await patient.bus.scan({ space: "secondary" })).meters.length, 20);
  assertEquals((await patient.bus.scan({ space: "primary" })).meters.length, 20);
});

Deno.test("scan() looks at each baud rate that it is given, and leaves the line at its own", async () => {
  const manners = (index: number) => ({ baudRate: ALL_BAUD_RATES[index % 8] });
  const { bus, line, meters } = virtualBus({ meters: 16, population: "random", manners });
  assertEquals((await bus.scan({ space: "secondary" })).meters.length, 2, "its own alone, where none is given");
  const report = await bus.scan({ space: "secondary", baudRates: ALL_BAUD_RATES });
  const found = new Map(report.meters.map(({ address, baudRate }) => [address, baudRate]));
  for (const meter of meters) assertEquals(found.get(addressOf(meter)), meter.manners.baudRate, addressOf(meter));
  assertEquals(line.baudRate, 2400);
});

Deno.test("scan() finds a meter whose number has digits from A to E among decimal ones", async () => {
  const { bus, meters } = virtualBus({ meters: 12, population: "random" });
  const [odd, odder] = meters;
  if (odd === undefined || odder === undefined) throw new Error("Cannot go on: there are two meters");
  odd.identity.identification = "0500023E";
  odder.identity.identification = "0500023A";
  const { meters: found } = await bus.scan({ space: "secondary" });
  assertEquals(found.map(({ address }) => address).sort(), meters.map(addressOf).sort());
});

Deno.test("scan() tells meters apart that take a manufacturer only as a whole", async () => {
  const { bus, meters } = virtualBus({ meters: 2, manners: () => ({ takesWholeManufacturer: true }) });
  for (const [index, { identity }] of meters.entries()) {
    const same = { identification: "12345678", version: 1, deviceTypeCode: 4 };
    Object.assign(identity, same, { manufacturer: ["KAM", "LGZ"][index] });
  }
  const report = await bus.scan({ space: "secondary" });
  assertEquals(report.meters.map(({ address }) => address).sort(), meters.map(addressOf).sort());
});

Deno.test("scan() says which address nothing can tell apart, and goes on", async () => {
  const manners = (index: number) => ({ ignoresFabrication: index % 10 >= 8 });
  const { bus, meters } = virtualBus({ meters: 20, population: "colliding", manners });
  const report = await bus.scan({ space: "secondary" });
  const same = meters.filter(({ manners }) => manners.ignoresFabrication).map(addressOf);
  assertEquals(new Set(same.map((address) => address.slice(0, 16))).size, 1);
  assertEquals(report.unresolved, [same[0]?.slice(0, 16)]);
  assertEquals(report.meters.length, meters.length - same.length);
});

Deno.test("a meter with a whole double is read by its fabrication number, and never the other one", async () => {
  const { bus, meters } = virtualBus({ meters: 20, population: "colliding" });
  const [one, other] = meters.slice(8, 10).map(addressOf);
  assert(one !== undefined && other !== undefined && one.slice(0, 16) === other.slice(0, 16));
  const [first, second] = [await bus.readMeter(one), await bus.readMeter(other)];
  assertEquals([first[0]?.[5], second[0]?.[5]], [9, 10], "the primary addresses in their telegrams");
  // Without it both answer at once, and that is no reading.
  assertEquals((await assertRejects(() => bus.readMeter(one.slice(0, 16)), MeterError)).code, "corrupt");
});

Deno.test("scan() takes no damaged telegram for a meter", async () => {
  const garble = (bytes: Uint8Array) => ({ kind: "corrupt" as const, offset: bytes.length >> 1, mask: 0x55 });
  const { bus } = virtualBus({ meters: 1, faults: ({ what, bytes }) => what === "telegram" ? garble(bytes) : null });
  const report = await bus.scan({ space: "secondary" });
  assertEquals(report.meters, []);
  assertEquals(report.unresolved.length, 1);
});

Deno.test("scan() gives up on a line that is nothing but noise, and says what to check", async () => {
  const { bus, line } = virtualBus({ meters: 1, onRequest: () => line.babble(new Uint8Array(20).fill(0x55)) });
  const thrown = await assertRejects(
    () => bus.scan({ space: "secondary" }),
    MeterError,
    "is quiet when nobody is asked",
  );
  assertEquals(thrown.code, "corrupt");
});

Deno.test("scan() ends at once with the signal's reason, in the middle of a wait", async () => {
  const { line, far } = await converter();
  await using _line = line;
  const bus = meterBus(line, { baudRate: 300, timeoutMs: 60_000 });
  const controller = new AbortController();
  const asked = far.read(new Uint8Array(64));
  const scanning = assertRejects(() => bus.scan({ space: "secondary" }, controller.signal), Error, "enough");
  await asked;
  controller.abort(new Error("enough"));
  await scanning;
  far.close();
});

Deno.test("scan() says that a raw TCP converter owns its baud rate", async () => {
  const { line, far } = await converter();
  await using _line = line;
  const bus = meterBus(line, { baudRate: 2400 });
  const scanning = () => bus.scan({ space: "primary", baudRates: ALL_BAUD_RATES });
  await assertRejects(scanning, DeviceError, "Cannot change the baud rate of tcp://127.0.0.1:");
  assertEquals(bus.counts.requests, 0);
  far.close();
});

Deno.test("scan() keeps the line idle for 33 bit times before each request", async () => {
  const { bus, line } = virtualBus({ meters: 250 });
  await bus.scan({ space: "primary" });
  assertGreater(line.shortestPauseBits, 32.99);
});
