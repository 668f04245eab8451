import { assert, assertEquals, assertGreater } from "@std/assert";
import { meterBus, MeterError } from "../../gateway/meter_bus.ts";
import { type AnsweredEntry, type LedgerEntry, seededFaults, Segment, simulatedMeters } from "../simulator/mod.ts";
import { randomSequence } from "../simulator/noise.ts";
import { virtualLine } from "../simulator/virtual_line.ts";
import { addressOf } from "./virtual_bus.ts";

const NOON = Date.UTC(2026, 0, 31, 12);
const METERS = 8;
const READOUTS = 600;
/** Everything that can happen to an answer, often; the longest delay is beyond several time-outs. */
const RATES = { drop: 0.06, delay: 0.12, noise: 0.06, corrupt: 0.1, wrong_address: 0.08, repeat: 0.08 };
const DELAY_MS = 4_000;

interface Case {
  name: string;
  /** How many of the requests no meter hears. */
  lost?: number;
  echo?: boolean;
  /** Which of two addresses of each meter it is asked by. */
  by: "primary" | "secondary" | "both";
  population?: "in_order" | "colliding";
}

const CASES: Case[] = [
  { name: "by primary address", by: "primary" },
  { name: "by secondary address", by: "secondary" },
  { name: "by either, through a converter that echoes", by: "both", echo: true },
  { name: "by either, where requests are lost as well", by: "both", lost: 0.15 },
  { name: "by secondary address, meters that share their number", by: "secondary", population: "colliding" },
];

for (const { name, echo, by, population, lost = 0 } of CASES) {
  Deno.test.each([[1], [2]])(`readMeter() never gives a wrong reading: ${name} (seed %i)`, async (seed) => {
    let now = NOON;
    const book: LedgerEntry[] = [];
    const meters = simulatedMeters(METERS + 2, { seed, now, population }).slice(-METERS);
    const ledger = { lastCounter: 0, append: (entry: LedgerEntry) => void book.push(entry) };
    const segment = new Segment(meters, { ledger, now: () => now });
    const random = randomSequence(seed);
    const faults = seededFaults(seed, RATES, { delayMs: DELAY_MS });
    const line = virtualLine(segment, { echo, faults, isLost: () => random() < lost });
    const bus = meterBus(line, { elapsed: line.elapsed, timeoutMs: 500 });
    const taken: number[] = [];
    for (let readout = 0; readout < READOUTS; readout++) {
      now = NOON + Math.floor(line.elapsed());
      const meter = meters[readout % METERS];
      if (meter === undefined) throw new Error("Cannot go on: there are meters");
      const byPrimary = by === "primary" || by === "both" && readout % 2 === 0;
      const asked = byPrimary ? `p${meter.identity.primaryAddress}` : addressOf(meter);
      try {
        const frames = (await bus.readMeter(asked)).map((frame) => frame.toHex()).join();
        const answer = book.find((entry): entry is AnsweredEntry =>
          entry.type === "answer" && entry.frames.map((frame) => frame.toLowerCase()).join() === frames
        );
        assert(answer, `${asked} gave what no meter answered: ${frames}`);
        assertEquals(answer.meter, { ...meter.identity }, `${asked} gave another meter's answer`);
        assertEquals(answer.time, new Date(now).toISOString(), `${asked} gave an answer to an earlier question`);
        taken.push(answer.counter);
      } catch (thrown) {
        if (!(thrown instanceof MeterError)) throw thrown;
      }
    }
    assertEquals(new Set(taken).size, taken.length, "an answer was taken twice");
    assertGreater(taken.length, READOUTS / 3);
  });
}
