import { assert, assertEquals } from "@std/assert";
import { METER_KINDS } from "./kinds/mod.ts";
import type { DialReading } from "./meter.ts";
import { simulatedMeters } from "./meters.ts";

const NOON = Date.UTC(2026, 0, 31, 12);
const HOUR = 3_600_000;

const dialsOf = (registers: DialReading[]) => new Map(registers.map(({ label, value }) => [label, Number(value)]));

Deno.test("simulatedMeters() are the same for the same seed and time, and others for another seed", () => {
  const answers = (seed: number) =>
    simulatedMeters(6, { seed, now: NOON }).map((meter) => meter.answer(NOON + HOUR, 1));
  assertEquals(answers(5), answers(5));
  assert(JSON.stringify(answers(5)) !== JSON.stringify(answers(6)));
});

Deno.test("simulatedMeters() fill a segment with distinct meters of every kind", () => {
  const meters = simulatedMeters(250, { now: NOON });
  assertEquals(new Set(meters.map(({ identity }) => identity.identification)).size, 250);
  assertEquals(new Set(meters.map(({ identity }) => identity.primaryAddress)).size, 250);
  assertEquals(new Set(meters.map(({ kind }) => kind.name)).size, METER_KINDS.length);
});

Deno.test("SimulatedMeter counters only grow, over seconds, months and a clock set back", () => {
  for (const meter of simulatedMeters(6, { now: NOON })) {
    const counters = meter.kind.telegrams.flat().flatMap((row) =>
      "dial" in row && row.dial in meter.kind.counters ? [row.label] : []
    );
    let before = dialsOf(meter.answer(NOON, 1).registers);
    let time = NOON;
    for (const step of [5_000, 5_000, HOUR, -HOUR, 20 * HOUR, 40 * 24 * HOUR, 1]) {
      time += step;
      const now = dialsOf(meter.answer(time, 2).registers);
      for (const label of counters) {
        const [was = 0, is = 0] = [before.get(label), now.get(label)];
        assert(is >= was, `${meter.kind.name}: ${label} fell from ${was} to ${is}`);
        if (step > 10 * HOUR) assert(is > was, `${meter.kind.name}: ${label} stands still at ${is}`);
      }
      before = now;
    }
  }
});

Deno.test("SimulatedMeter counters do not depend on how often they are asked", () => {
  for (const index of METER_KINDS.keys()) {
    const [often, once] = [simulatedMeters(6, { now: NOON })[index], simulatedMeters(6, { now: NOON })[index]];
    for (let time = NOON; time < NOON + HOUR; time += 7_000) often?.answer(time, 1);
    const [a, b] = [often?.answer(NOON + HOUR, 1), once?.answer(NOON + HOUR, 1)];
    const counters = (dials: DialReading[] = []) => dials.filter(({ function: kind }) => kind === "instantaneous");
    assertEquals(counters(a?.registers), counters(b?.registers));
  }
});

Deno.test("SimulatedMeter shows a heat meter's power as its flow times its temperature difference", () => {
  const [heat] = simulatedMeters(1, { now: NOON });
  for (let time = NOON; time < NOON + 24 * HOUR; time += HOUR) {
    const dials = dialsOf(heat?.answer(time, 1).registers ?? []);
    const [power = 0, flow = 0, difference = 0] = ["Power", "Flow", "Difference"].map((label) => dials.get(label));
    const [from = 0, to = 0] = [dials.get("Flow temperature"), dials.get("Return temperature")];
    assert(Math.abs(power - flow * difference * 1147) < 0.02 * power, `${power} W at ${flow} m³/h, ${difference} K`);
    assert(Math.abs(difference - (from - to)) < 0.2);
    assert((dials.get("Power, highest of the month") ?? 0) >= power);
  }
});

Deno.test("SimulatedMeter lets an electricity meter feed in at noon and draw in the evening", () => {
  const electricity = simulatedMeters(4, { now: NOON })[3];
  const power = (time: number) => dialsOf(electricity?.answer(time, 1).registers ?? []).get("Power") ?? 0;
  assert(power(NOON) < 0);
  assert(power(NOON + 7 * HOUR) > 0);
});

Deno.test("SimulatedMeter keeps the month's first counters as the value at the due date", () => {
  const allocator = simulatedMeters(5, { now: NOON })[4];
  const end = Date.UTC(2026, 1, 1);
  const last = dialsOf(allocator?.answer(end - 1, 1).registers ?? []);
  const { registers = [], dates = [] } = allocator?.answer(end + HOUR, 2) ?? {};
  const due = dialsOf(registers).get("Units at due date") ?? 0;
  assert(Math.abs(due - (last.get("Units") ?? 0)) <= 1, `${due} at the due date, ${last.get("Units")} before`);
  assertEquals(dates.map(({ value }) => value), ["2026-01-31"]);
});

Deno.test("SimulatedMeter tells registers of one address apart by their occurrence", () => {
  const meters = simulatedMeters(6, { now: NOON });
  const voltages = meters[3]?.answer(NOON, 1).registers.filter(({ quantity }) => quantity === "voltage");
  assertEquals(voltages?.map(({ occurrence }) => occurrence), [0, 1, 2]);
  const counters = meters[5]?.answer(NOON, 7).registers.filter(({ quantity }) => quantity === "cumulation_counter");
  assertEquals(counters?.map(({ telegram, occurrence, value }) => [telegram, occurrence, value]), [
    [0, 0, "7"],
    [1, 1, "7"],
  ]);
});
