import { assert, assertEquals, assertGreater, assertLess, assertRejects } from "@std/assert";
import type { ScanEvent } from "../../gateway/meter_bus.ts";
import { stableJitterMs } from "../../gateway/schedule.ts";
import { POPULATIONS, seededFaults } from "../simulator/mod.ts";
import { readingBus } from "./reading_bus.ts";
import { addressOf, virtualBus } from "./virtual_bus.ts";

for (const population of POPULATIONS) {
  Deno.test(`scan() lets scheduled reading pass, and finds what it finds without: ${population}`, async () => {
    const options = { meters: 60, population };
    const events: { undisturbed: ScanEvent[]; passed: ScanEvent[] } = { undisturbed: [], passed: [] };
    const undisturbed = await virtualBus(options).bus.scan({
      space: "secondary",
      onEvent: (event) => events.undisturbed.push(event),
    });
    const intervalMs = 20_000;
    const { line, scan, turns, taken, addresses } = readingBus(options, { intervalMs, read: 5 });
    // What one round costs when nobody else has the line.
    while (await turns.next() === "read");
    const roundMs = line.elapsed();
    assertEquals(taken.splice(0).length, 5);

    const report = await scan({ space: "secondary", onEvent: (event) => events.passed.push(event) });
    assertEquals(events.passed, events.undisturbed);
    const { seconds, passedSeconds, ...found } = report;
    const { seconds: alone, passedSeconds: nothing, ...expected } = undisturbed;
    assertEquals(found, expected);
    assertEquals(nothing, 0);
    assertLess(Math.abs(seconds - alone), 0.01 * alone); // the line is idle before each request, whosever it is
    assertLess(Math.abs(line.elapsed() - roundMs - 1_000 * (seconds + passedSeconds)), 1);

    // Each slot that came meanwhile was used by each meter, no later than one probe and the meters before it.
    const jitterMs = stableJitterMs("GW-0001", "main", intervalMs);
    const rounds = Math.floor((line.elapsed() - jitterMs) / intervalMs);
    assertGreater(rounds, 2);
    const wholeRounds = taken.slice(0, (rounds - 1) * addresses.length);
    assertEquals(wholeRounds.map(({ address }) => address), Array(rounds - 1).fill(addresses).flat());
    const late = wholeRounds.map(({ at }, index) => at - jitterMs - intervalMs * (1 + Math.floor(index / 5)));
    assertLess(Math.max(...late), roundMs + LONGEST_PROBE_MS);
    assertGreater(passedSeconds, 0.9 * rounds * roundMs / 1_000);
  });
}

/** A selection, its acknowledgement, a telegram of 250 bytes at 2400 baud, and the silence behind it. */
const LONGEST_PROBE_MS = 2_000;

Deno.test.each([[1], [2], [3]])(
  "scan() lets reading pass on a line that loses and garbles answers, and still finds every meter (seed %i)",
  async (seed) => {
    const faults = seededFaults(seed, { drop: 0.02, noise: 0.03, corrupt: 0.04, delay: 0.02 }, { delayMs: 400 });
    const { scan, taken, line, meters } = readingBus(
      { meters: 40, population: "random", seed, faults },
      { intervalMs: 15_000, read: 6, dead: ["p240"] },
    );
    const report = await scan({ space: "secondary" });
    assertEquals(report.meters.map(({ address }) => address).sort(), meters.map(addressOf).sort());
    assertGreater(taken.length, 5 * Math.floor(line.elapsed() / 15_000));
  },
);

Deno.test("scan() at another speed lets reading pass at the line's own", async () => {
  const manners = (index: number) => ({ baudRate: index < 4 ? 2400 : 300 });
  const options = { meters: 8, manners };
  const { line, scan, taken, addresses } = readingBus(options, { intervalMs: 30_000, read: 4 });
  const baudRates = [300, 2400];
  const report = await scan({ space: "primary", baudRates });
  assertEquals(report.meters, (await virtualBus(options).bus.scan({ space: "primary", baudRates })).meters);
  assertEquals(report.meters.map(({ baudRate }) => baudRate), [300, 300, 300, 300, 2400, 2400, 2400, 2400]);
  assertGreater(taken.length, 4 * Math.floor(line.elapsed() / 30_000) - 1);
  assertEquals(taken.slice(0, 4).map(({ address }) => address), addresses);
  assertEquals(line.baudRate, 2400);
});

Deno.test("scan() gets on also where reading takes all the time there is", async () => {
  const options = { meters: 30, population: "random" } as const;
  const { scan, taken, addresses } = readingBus(options, { intervalMs: 1_000, read: 8 });
  const report = await scan({ space: "secondary" });
  assertEquals(report.meters.length, 30);
  const reads = addresses.map((address) => taken.filter((readout) => readout.address === address).length);
  assertGreater(Math.min(...reads), 10);
  assertLess(Math.max(...reads) - Math.min(...reads), 2);
});

Deno.test("scan() keeps its line and its finds where no meter of the schedule answers", async () => {
  const options = { meters: 20, population: "random" } as const;
  const undisturbed = await virtualBus(options).bus.scan({ space: "secondary" });
  const dead = ["p200", "p201"];
  const { scan, drops, turns } = readingBus(options, { intervalMs: 10_000, read: 0, dead });
  const report = await scan({ space: "secondary" });
  assertEquals([report.meters, report.requests], [undisturbed.meters, undisturbed.requests]);
  assertGreater(report.passedSeconds, 5);
  assertEquals(drops, []);
  // What it is to mean that nobody answers is asked when the line is not lent.
  while (drops.length === 0) assertEquals(await turns.next(), "read");
});

Deno.test("a scan that is cancelled while a meter is read ends before its next probe", async () => {
  const { bus, line } = virtualBus({ meters: 3 });
  const asker = new AbortController();
  const passage = {
    isWanted: () => line.elapsed() > 2_000,
    async give() {
      asker.abort(new Error("cancelled"));
      assert((await bus.readMeter("p2")).length > 0, "whoever reads has a turn");
      asker.signal.throwIfAborted();
    },
  };
  await assertRejects(() => bus.scan({ space: "primary", passage }, asker.signal), Error, "cancelled");
  const { requests } = bus.counts;
  assert((await bus.readMeter("p3")).length > 0);
  assertEquals(bus.counts.requests, requests + 2);
});
