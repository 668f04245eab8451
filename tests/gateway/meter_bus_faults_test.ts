import { assert, assertEquals, assertGreater } from "@std/assert";
import { loadLibc } from "../../gateway/libc.ts";
import { meterBus, MeterError } from "../../gateway/meter_bus.ts";
import { openTransport } from "../../gateway/transport.ts";
import { ptyPair } from "../fixtures/pty.ts";
import { readLedger, seededFaults, simulateBus, type SimulateBusOptions } from "../simulator/mod.ts";

// Stays open for the whole process, as in the gateway.
await loadLibc();

const METERS = 6;
const ROUNDS = 4;

interface Outcome {
  taken: { asked: string; frames: string[] }[];
  failed: number;
}

/** Reads every meter round by round; what a meter's failure costs is that readout. */
async function readAll(
  port: string,
  addresses: readonly string[],
  rounds: number,
  options: Parameters<typeof meterBus>[1],
): Promise<Outcome> {
  await using line = await openTransport({ port, baudRate: 38_400 });
  const bus = meterBus(line, { baudRate: 38_400, gapMs: 60, ...options });
  const outcome: Outcome = { taken: [], failed: 0 };
  for (let round = 0; round < rounds; round++) {
    for (const asked of addresses) {
      try {
        const frames = await bus.readMeter(asked);
        outcome.taken.push({ asked, frames: frames.map((frame) => frame.toHex()) });
      } catch (thrown) {
        if (!(thrown instanceof MeterError)) throw thrown;
        outcome.failed++;
      }
    }
  }
  return outcome;
}

/** Every readout is one answer of the meter that was asked, byte for byte and in order; none was taken twice. */
function assertHonest({ taken }: Outcome, ledger: string) {
  const answers = [...readLedger(ledger).values()];
  const counters = taken.map(({ asked, frames }) => {
    const answer = answers.find((booked) => booked.frames.join() === frames.join());
    assert(answer, `${asked} gave what no meter answered: ${frames}`);
    const { identification, primaryAddress } = answer.meter;
    assert(asked === `p${primaryAddress}` || asked.startsWith(identification), `${asked} gave ${identification}`);
    return answer.counter;
  });
  assertEquals(new Set(counters).size, counters.length);
}

async function withBus(
  options: Partial<SimulateBusOptions>,
  body: (bus: ReturnType<typeof simulateBus>, ledger: string) => Promise<void>,
) {
  const folder = await Deno.makeTempDir({ prefix: "mbus_bus_" });
  try {
    const ledger = `${folder}/ledger.ndjson`;
    await using bus = simulateBus({ ledger, meters: METERS, ...options });
    await body(bus, ledger);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const PRIMARY = Array.from({ length: METERS }, (_, index) => `p${index + 1}`);

Deno.test("readMeter() reads each simulated meter by primary and secondary address", () =>
  withBus({}, async (bus, ledger) => {
    const secondary = bus.meters.map(({ identity }) => `${identity.identification}FFFFFFFF`);
    const outcome = await readAll(bus.url, [...PRIMARY, ...secondary], 1, { timeoutMs: 5_000 });
    assertEquals(outcome.failed, 0);
    assertEquals(outcome.taken.length, 2 * METERS);
    assertHonest(outcome, ledger);
  }));

Deno.test("readMeter() reads simulated meters over a serial port", () =>
  withBus({}, async (bus, ledger) => {
    await using pty = ptyPair();
    const serving = bus.serve(pty);
    const outcome = await readAll(pty.path, PRIMARY, 2, { timeoutMs: 5_000 });
    assertEquals(outcome.failed, 0);
    assertHonest(outcome, ledger);
    await pty.hangUp();
    await serving;
  }));

Deno.test.each([[1], [2], [3]])("readMeter() takes nothing wrong and nothing twice among faults (seed %i)", (seed) => {
  const rates = { drop: 0.05, delay: 0.1, corrupt: 0.1, wrong_address: 0.08, repeat: 0.08 };
  // The longest delay is beyond the time-out: answers come late, after their request was repeated.
  return withBus({ seed, faults: seededFaults(seed, rates, { delayMs: 250 }) }, async (bus, ledger) => {
    const secondary = bus.meters.slice(0, 2).map(({ identity }) => `${identity.identification}FFFFFFFF`);
    const outcome = await readAll(bus.url, [...PRIMARY, ...secondary], ROUNDS, { timeoutMs: 100 });
    assertHonest(outcome, ledger);
    assertGreater(outcome.taken.length, ROUNDS * METERS / 2);
  });
});

Deno.test("readMeter() takes no late answer of the readout before, one meter asked again and again", () =>
  withBus({ faults: seededFaults(4, { delay: 0.5 }, { delayMs: 250 }) }, async (bus, ledger) => {
    assertHonest(await readAll(bus.url, ["p6"], 12, { timeoutMs: 80 }), ledger);
  }));
