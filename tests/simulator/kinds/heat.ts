import type { MeterKind } from "../meter_kind.ts";
import { dailyProfile, type Noise } from "../noise.ts";
import { register } from "../register.ts";

// People at home: a peak in the morning, a longer one in the evening.
// deno-fmt-ignore
const HEATING_HOURS = [
  0.6, 0.6, 0.6, 0.6, 0.7, 1.0, 1.5, 1.6, 1.3, 1.1, 1.0, 0.9,
  0.9, 0.9, 0.9, 1.0, 1.2, 1.4, 1.5, 1.4, 1.3, 1.1, 0.9, 0.7,
];

/** Heat that one cubic metre of water carries for each kelvin, in Wh (at about 50 °C). */
export const WH_PER_M3_K = 1147;

/** Flow and temperatures of a heating circuit; the power follows from them. */
export function heatingCircuit(timeMs: number, noise: Noise) {
  const size = 0.5 + noise.fixed("size");
  const demand = size * dailyProfile(HEATING_HOURS, timeMs) * (0.8 + 0.4 * noise.at("demand", timeMs, 90_000));
  const flowTemperature = 62 + 8 * noise.at("flow", timeMs, 600_000);
  const returnTemperature = 34 + 6 * noise.at("return", timeMs, 400_000);
  const volumeFlow = 0.3 * demand;
  const temperatureDifference = flowTemperature - returnTemperature;
  const power = volumeFlow * temperatureDifference * WH_PER_M3_K;
  return { flowTemperature, returnTemperature, temperatureDifference, volumeFlow, power };
}

/** A district heating meter. */
export const heat: MeterKind = {
  name: "heat",
  deviceTypeCode: 0x04,
  version: 0x21,
  telegrams: [[
    register("Energy", ["0C", "04"], [1, "energy", "Wh"], "energy"),
    register("Volume", ["0C", "13"], [-3, "volume", "m3"], "volume"),
    register("Power", ["0B", "2B"], [0, "power", "W"], "power"),
    register("Power, highest of the month", ["1B", "2B"], [0, "power", "W"], "max:power", { function: "maximum" }),
    register("Flow", ["0B", "3B"], [-3, "volume_flow", "m3/h"], "volumeFlow"),
    register("Flow temperature", ["0A", "5A"], [-1, "flow_temperature", "°C"], "flowTemperature"),
    register("Return temperature", ["0A", "5E"], [-1, "return_temperature", "°C"], "returnTemperature"),
    register("Difference", ["0B", "61"], [-2, "temperature_difference", "K"], "temperatureDifference"),
    register("Energy at due date", ["4C", "04"], [1, "energy", "Wh"], "due:energy", { storageNumber: 1 }),
    { label: "Due date", dib: "42", vib: "6C", date: "due" },
    { label: "Clock", dib: "04", vib: "6D", date: "clock" },
  ]],
  measure: heatingCircuit,
  counters: { energy: (m) => m.power ?? 0, volume: (m) => m.volumeFlow ?? 0 },
  initial: { energy: 48_000_000, volume: 1_450 },
};
