import type { MeterKind } from "../meter_kind.ts";
import { dailyProfile, type Noise } from "../noise.ts";
import { register } from "../register.ts";
import { heatingCircuit, WH_PER_M3_K } from "./heat.ts";

// Rooms are cooled in the afternoon.
// deno-fmt-ignore
const COOLING_HOURS = [
  0.2, 0.2, 0.2, 0.2, 0.2, 0.2, 0.3, 0.4, 0.6, 0.9, 1.2, 1.5,
  1.8, 2.0, 2.1, 2.0, 1.8, 1.5, 1.1, 0.8, 0.6, 0.4, 0.3, 0.2,
];

function bothCircuits(timeMs: number, noise: Noise) {
  const cooling = dailyProfile(COOLING_HOURS, timeMs) * (0.8 + 0.4 * noise.at("cooling", timeMs, 120_000));
  const coolingVolumeFlow = 0.15 * cooling;
  const coolingPower = coolingVolumeFlow * (5 + noise.at("spread", timeMs, 300_000)) * WH_PER_M3_K;
  return { ...heatingCircuit(timeMs, noise), coolingVolumeFlow, coolingPower };
}

/**
 * A heat meter with cooling registers (tariff 1), which needs two telegrams. Both begin with the answer's counter: two
 * records of one readout with the same address, told apart by their occurrence.
 */
export const heatCooling: MeterKind = {
  name: "heat and cooling",
  deviceTypeCode: 0x0d,
  version: 0x35,
  telegrams: [
    [
      register("Energy", ["04", "03"], [0, "energy", "Wh"], "energy"),
      register("Volume", ["04", "13"], [-3, "volume", "m3"], "volume"),
      register("Power", ["04", "2A"], [-1, "power", "W"], "power"),
      register("Flow", ["04", "3B"], [-3, "volume_flow", "m3/h"], "volumeFlow"),
      register("Flow temperature", ["02", "59"], [-2, "flow_temperature", "°C"], "flowTemperature"),
      register("Return temperature", ["02", "5D"], [-2, "return_temperature", "°C"], "returnTemperature"),
      register("Difference", ["02", "61"], [-2, "temperature_difference", "K"], "temperatureDifference"),
      { label: "Clock", dib: "04", vib: "6D", date: "clock" },
    ],
    [
      register("Cooling energy", ["84 10", "03"], [0, "energy", "Wh"], "coolingEnergy", { tariff: 1 }),
      register("Cooling volume", ["84 10", "13"], [-3, "volume", "m3"], "coolingVolume", { tariff: 1 }),
      register("Cooling power", ["84 10", "2B"], [0, "power", "W"], "coolingPower", { tariff: 1 }),
      register("Energy at due date", ["44", "03"], [0, "energy", "Wh"], "due:energy", { storageNumber: 1 }),
      register("Cooling energy at due date", ["C4 10", "03"], [0, "energy", "Wh"], "due:coolingEnergy", {
        storageNumber: 1,
        tariff: 1,
      }),
      { label: "Due date", dib: "42", vib: "6C", date: "due" },
    ],
  ],
  measure: bothCircuits,
  counters: {
    energy: (m) => m.power ?? 0,
    volume: (m) => m.volumeFlow ?? 0,
    coolingEnergy: (m) => m.coolingPower ?? 0,
    coolingVolume: (m) => m.coolingVolumeFlow ?? 0,
  },
  initial: { energy: 31_000_000, volume: 930, coolingEnergy: 9_000_000, coolingVolume: 1_400 },
};
