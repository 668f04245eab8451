import type { MeterKind } from "../meter_kind.ts";
import { dailyProfile, type Noise } from "../noise.ts";
import { register } from "../register.ts";

// deno-fmt-ignore
const WATER_HOURS = [
  0.1, 0.1, 0.1, 0.1, 0.2, 0.8, 2.2, 2.6, 1.8, 1.0, 0.8, 0.9,
  1.0, 0.8, 0.7, 0.8, 1.1, 1.6, 2.0, 1.8, 1.4, 1.0, 0.6, 0.3,
];

/** Cubic metres an hour: a block of flats' tap is seldom closed, and never steady. */
function taps(timeMs: number, noise: Noise, size: number): number {
  const draw = noise.at("tap", timeMs, 40_000) * noise.at("tap 2", timeMs, 130_000);
  return size * (0.05 + 1.6 * draw) * dailyProfile(WATER_HOURS, timeMs);
}

/** A cold water meter; a little of what passed has come back, as it does without a check valve. */
export const coldWater: MeterKind = {
  name: "cold water",
  deviceTypeCode: 0x16,
  version: 0x12,
  telegrams: [[
    register("Volume", ["0C", "13"], [-3, "volume", "m3"], "volume"),
    register("Flow", ["0B", "3B"], [-3, "volume_flow", "m3/h"], "volumeFlow"),
    register("Volume backwards", ["0C", "93 3C"], [-3, "volume", "m3"], "volumeBackward", {
      modifiers: ["backward"],
    }),
    register("Volume at due date", ["4C", "13"], [-3, "volume", "m3"], "due:volume", { storageNumber: 1 }),
    { label: "Due date", dib: "42", vib: "6C", date: "due" },
  ]],
  measure: (timeMs, noise) => ({ volumeFlow: taps(timeMs, noise, 0.9) }),
  counters: { volume: (m) => m.volumeFlow ?? 0, volumeBackward: (m) => 0.002 * (m.volumeFlow ?? 0) },
  initial: { volume: 2_650, volumeBackward: 3 },
};

/** A warm water meter with a temperature sensor. */
export const warmWater: MeterKind = {
  name: "warm water",
  deviceTypeCode: 0x06,
  version: 0x12,
  telegrams: [[
    register("Volume", ["0C", "13"], [-3, "volume", "m3"], "volume"),
    register("Flow", ["02", "3B"], [-3, "volume_flow", "m3/h"], "volumeFlow"),
    register("Temperature", ["02", "59"], [-2, "flow_temperature", "°C"], "flowTemperature"),
    register("Volume at due date", ["4C", "13"], [-3, "volume", "m3"], "due:volume", { storageNumber: 1 }),
    { label: "Due date", dib: "42", vib: "6C", date: "due" },
  ]],
  measure: (timeMs, noise) => ({
    volumeFlow: taps(timeMs, noise, 0.5),
    flowTemperature: 48 + 8 * noise.at("flow", timeMs, 300_000),
  }),
  counters: { volume: (m) => m.volumeFlow ?? 0 },
  initial: { volume: 1_120 },
};
