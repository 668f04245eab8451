import { assert, assertEquals } from "@std/assert";
import { answerCounter } from "./compare/answer_counter.ts";
import type { Fault } from "./faults.ts";
import { readLedger } from "./ledger.ts";
import { simulateBus, type SimulateBusOptions } from "./simulate_bus.ts";
import { selection, shortFrame, TestMaster } from "./test_master.ts";

const NKE = 0x40;
const UD2 = 0x5b; // REQ_UD2, FCB 0
const UD2_TOGGLED = 0x7b; // REQ_UD2, FCB 1
const TWO_TELEGRAMS = 6; // the heat and cooling meter

async function withBus(
  options: Partial<SimulateBusOptions>,
  body: (master: TestMaster, ledger: string, port: number) => Promise<void>,
) {
  const folder = await Deno.makeTempDir({ prefix: "mbus_simulator_" });
  try {
    const ledger = `${folder}/ledger.ndjson`;
    await using bus = simulateBus({ ledger, ...options });
    using master = await TestMaster.connect(bus.port);
    await body(master, ledger, bus.port);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const counterIn = (frame: string | null) => answerCounter(frame ?? "");

Deno.test("simulateBus() acknowledges SND_NKE and answers REQ_UD2 at each primary address", () =>
  withBus({}, async (master) => {
    for (let address = 1; address <= 6; address++) {
      assertEquals(await master.short(NKE, address), "e5");
      const frame = await master.short(UD2_TOGGLED, address);
      assertEquals(frame?.slice(8, 14), `08${address.toString(16).padStart(2, "0")}72`);
      assertEquals(counterIn(frame), address);
    }
  }));

Deno.test("simulateBus() is silent at an address where no meter is, and hears a broadcast without answering", () =>
  withBus({}, async (master) => {
    for (const [control, address] of [[NKE, 7], [UD2, 251], [NKE, 255], [UD2, 255]] as const) {
      assert(await master.isSilent(shortFrame(control, address)), `${control} at ${address}`);
    }
  }));

Deno.test("simulateBus() repeats its answer to an unchanged FCB and makes a new one for a toggled FCB", () =>
  withBus({}, async (master, ledger) => {
    await master.short(NKE, 1);
    const first = await master.short(UD2_TOGGLED, 1);
    assertEquals(await master.short(UD2_TOGGLED, 1), first);
    const second = await master.short(UD2, 1);
    assertEquals([counterIn(first), counterIn(second)], [1, 2]);
    await master.short(NKE, 1);
    assertEquals(counterIn(await master.short(UD2, 1)), 3, "after SND_NKE any FCB is new");
    assertEquals([...readLedger(ledger).keys()], [1, 2, 3]);
  }));

Deno.test("simulateBus() gives the second telegram for a toggled FCB, then a new answer", () =>
  withBus({}, async (master, ledger) => {
    await master.short(NKE, TWO_TELEGRAMS);
    const first = await master.short(UD2_TOGGLED, TWO_TELEGRAMS);
    const second = await master.short(UD2, TWO_TELEGRAMS);
    assertEquals(await master.short(UD2, TWO_TELEGRAMS), second);
    const next = await master.short(UD2_TOGGLED, TWO_TELEGRAMS);
    assertEquals([first, second, next].map(counterIn), [1, 1, 2]);
    assert(first?.slice(0, -4).endsWith("1f"), "more records follow");
    assert(!second?.slice(0, -4).endsWith("1f"));
    const answers = readLedger(ledger);
    assertEquals(answers.get(1)?.frames, [first, second]);
    assertEquals([answers.get(1)?.whole, answers.get(2)?.whole], [true, false]);
  }));

Deno.test("simulateBus() lets a meter be selected by its secondary address, wildcards too, and deselected", () =>
  withBus({}, async (master) => {
    assert(await master.isSilent(shortFrame(UD2, 253)), "nobody is selected");
    assertEquals(await master.select("10001003"), "e5");
    assertEquals((await master.short(UD2_TOGGLED, 253))?.slice(14, 22), "03100010");
    assertEquals(await master.select("1000ff02"), "e5");
    assertEquals((await master.short(UD2_TOGGLED, 253))?.slice(14, 22), "02100010");
    assert(await master.isSilent(selection("10001002", "ffffff06")), "a cold water meter is no warm water meter");
    assert(await master.isSilent(shortFrame(UD2, 253)), "another's selection ends one's own");
    await master.select("10001002");
    assertEquals(await master.short(NKE, 253), "e5");
    assert(await master.isSilent(shortFrame(UD2, 253)));
  }));

Deno.test("simulateBus() lets two selected meters collide", () =>
  withBus({}, async (master, ledger) => {
    assertEquals(await master.select("1000100f"), "e5");
    const garbage = await master.short(UD2_TOGGLED, 253);
    const answers = [...readLedger(ledger).values()];
    assertEquals(answers.length, 6);
    assert(answers.every(({ frames, whole }) => !whole && frames[0] !== garbage));
  }));

Deno.test("simulateBus() passes over noise and broken requests, and serves one master after the other", () =>
  withBus({}, async (master, _, port) => {
    assert(await master.isSilent([0xff, 0x00, 0x68, 0x10, 0x40, 0x01, 0x42, 0x16]));
    assertEquals(await master.ask([0x16, 0x10, 0x40, 0x01, 0x41, 0x16]), "e5");
    const first = await master.short(UD2_TOGGLED, 1);
    using second = await TestMaster.connect(port);
    assertEquals(await second.short(UD2_TOGGLED, 1), first, "the meter remembers the FCB, whoever asks");
  }));

for (const baudRate of [undefined, 38_400]) {
  Deno.test(`simulateBus() answers whole frames ${baudRate === undefined ? "at once" : "at a line's pace"}`, () =>
    withBus({ baudRate }, async (master, ledger) => {
      await master.short(NKE, 4);
      const frame = await master.short(UD2_TOGGLED, 4);
      assertEquals(readLedger(ledger).get(1)?.frames, [frame]);
    }));
}

const FAULTS: [Fault, string][] = [
  [{ kind: "drop" }, "silence"],
  [{ kind: "corrupt", offset: 30, mask: 0x40 }, "other bytes"],
  [{ kind: "wrong_address" }, "another meter's frame"],
  [{ kind: "repeat" }, "twice"],
  [{ kind: "delay", ms: 20 }, "late"],
];
for (const [fault, outcome] of FAULTS) {
  Deno.test(`simulateBus() injects the fault ${fault.kind}: ${outcome}`, () => {
    let armed = true;
    const faults = ({ what }: { what: string }) => {
      if (!armed || what !== "telegram") return null;
      armed = false;
      return fault;
    };
    return withBus({ faults }, async (master, ledger) => {
      await master.short(NKE, 1);
      const dropped = fault.kind === "drop";
      const spoiled = dropped ? await master.isSilent(shortFrame(UD2_TOGGLED, 1)) : await master.short(UD2_TOGGLED, 1);
      const right = fault.kind === "repeat" ? await master.answer() : await master.short(UD2_TOGGLED, 1);
      assertEquals(readLedger(ledger).get(1)?.frames, [right]);
      if (dropped) assertEquals(spoiled, true);
      else if (fault.kind === "repeat" || fault.kind === "delay") assertEquals(spoiled, right);
      else assert(typeof spoiled === "string" && spoiled !== right && spoiled.length === right?.length);
      assertEquals(readLedger(ledger).get(1)?.whole, true);
    });
  });
}

Deno.test("simulateBus() injects the fault noise: bytes that nobody sent come first", () => {
  const faults = () => ({ kind: "noise" as const, bytes: Uint8Array.of(0x00, 0xe5) });
  return withBus({ faults }, async (master) => {
    await master.send(shortFrame(NKE, 1));
    assertEquals([await master.answer(), await master.answer(), await master.answer()], ["00", "e5", "e5"]);
  });
});

Deno.test("simulateBus() injects the fault hang: nothing comes, and what was asked meanwhile is answered after it", () => {
  let hung = false;
  const faults = () => hung ? null : (hung = true, { kind: "hang" as const, ms: 60 });
  return withBus({ faults }, async (master) => {
    await master.send(shortFrame(NKE, 1));
    assertEquals(await master.answer(20), null);
    await master.send(shortFrame(NKE, 2));
    assertEquals([await master.answer(), await master.answer()], ["e5", "e5"]);
  });
});

Deno.test("simulateBus() injects the fault unplug: half a telegram, and the line is gone", () => {
  const faults = ({ what }: { what: string }) => what === "telegram" ? { kind: "unplug" as const } : null;
  return withBus({ faults }, async (master, ledger, port) => {
    await master.short(NKE, 1);
    assertEquals(await master.short(UD2_TOGGLED, 1), null);
    assertEquals(readLedger(ledger).get(1)?.whole, false);
    using again = await TestMaster.connect(port);
    assertEquals(await again.short(NKE, 1), "e5");
  });
});

Deno.test("simulateBus() lets a converter hear its own requests", () =>
  withBus({ echo: true }, async (master) => {
    const request = shortFrame(NKE, 1);
    await master.send(request);
    const heard = [];
    for (let byte = 0; byte <= request.length; byte++) heard.push(await master.answer());
    assertEquals(heard, ["10", "40", "01", "41", "16", "e5"]);
  }));

Deno.test("simulateBus() continues counters and answer numbers after a restart", async () => {
  const folder = await Deno.makeTempDir({ prefix: "mbus_simulator_" });
  let time = Date.UTC(2026, 0, 31, 12);
  const options = { ledger: `${folder}/ledger`, state: `${folder}/state`, now: () => time };
  for (let round = 0; round < 3; round++) {
    await using bus = simulateBus(options);
    using master = await TestMaster.connect(bus.port);
    await master.short(NKE, 1);
    await master.short(UD2_TOGGLED, 1);
    time += 600_000;
  }
  const answers = [...readLedger(options.ledger).values()];
  assertEquals(answers.map(({ counter }) => counter), [1, 2, 3]);
  const energies = answers.map(({ registers }) => Number(registers.find(({ label }) => label === "Energy")?.value));
  assert(energies.every((energy, i) => i === 0 || energy > (energies[i - 1] ?? 0)), energies.join(" "));
  await Deno.remove(folder, { recursive: true });
});
