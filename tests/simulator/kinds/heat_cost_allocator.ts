import type { MeterKind } from "../meter_kind.ts";
import { dailyProfile, type Noise } from "../noise.ts";
import { register } from "../register.ts";

// deno-fmt-ignore
const RADIATOR_HOURS = [
  0.3, 0.3, 0.3, 0.3, 0.4, 0.8, 1.4, 1.5, 1.2, 1.0, 0.9, 0.9,
  0.9, 0.9, 0.9, 1.0, 1.3, 1.6, 1.8, 1.7, 1.5, 1.2, 0.8, 0.5,
];

function radiator(timeMs: number, noise: Noise) {
  const externalTemperature = 20 + 2 * noise.at("room", timeMs, 900_000);
  const warmth = dailyProfile(RADIATOR_HOURS, timeMs) * (0.7 + 0.6 * noise.at("valve", timeMs, 240_000));
  return { externalTemperature, flowTemperature: externalTemperature + 24 * warmth, warmth };
}

/** A heat-cost allocator on a radiator: units without a dimension, and the year's value at the due date. */
export const heatCostAllocator: MeterKind = {
  name: "heat-cost allocator",
  deviceTypeCode: 0x08,
  version: 0x0a,
  telegrams: [[
    register("Units", ["0C", "6E"], [0, "heat_cost_allocation", "HCA"], "units"),
    register("Units at due date", ["4C", "6E"], [0, "heat_cost_allocation", "HCA"], "due:units", { storageNumber: 1 }),
    { label: "Due date", dib: "42", vib: "6C", date: "due" },
    register("Radiator temperature", ["02", "59"], [-2, "flow_temperature", "°C"], "flowTemperature"),
    register("Room temperature", ["02", "65"], [-2, "external_temperature", "°C"], "externalTemperature"),
  ]],
  measure: radiator,
  counters: { units: (m) => 40 * (m.warmth ?? 0) },
  initial: { units: 5_800 },
};
