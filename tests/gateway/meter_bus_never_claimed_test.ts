import { assert, assertEquals, assertGreater } from "@std/assert";
import { MeterError } from "../../gateway/meter_bus.ts";
import { seededFaults } from "../simulator/mod.ts";
import { randomSequence } from "../simulator/noise.ts";
import { virtualBus } from "./virtual_bus.ts";

const COMMANDS = 300;
const RATES = { drop: 0.05, delay: 0.2, noise: 0.05, repeat: 0.05 };

Deno.test.each([[1], [2], [3]])("a command that was not done is never said to be (seed %i)", async (seed) => {
  const random = randomSequence(seed);
  const { bus, segment } = virtualBus({
    seed,
    faults: seededFaults(seed, RATES, { delayMs: 3_000 }),
    isLost: () => random() < 0.15,
    master: { timeoutMs: 500 },
  });
  let done = 0;
  for (let number = 0; number < COMMANDS; number++) {
    const command = Uint8Array.of(number & 0xff, number >> 8);
    const before = segment.done.length;
    try {
      await bus.sendUserData(`p${1 + number % 6}`, 0x51, command);
    } catch (thrown) {
      if (!(thrown instanceof MeterError)) throw thrown;
      continue;
    }
    done++;
    const since = segment.done.slice(before).map(({ command }) => command);
    assert(since.includes(`51${command.toHex()}`), `${number} was said to be done`);
    assertEquals(since.length, 1, "and done once");
  }
  assertGreater(done, COMMANDS / 3);
});
