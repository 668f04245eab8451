import type { MeterKind } from "../meter_kind.ts";
import { dailyProfile, type Noise } from "../noise.ts";
import { register } from "../register.ts";

// deno-fmt-ignore
const HOUSEHOLD_HOURS = [
  0.5, 0.4, 0.4, 0.4, 0.4, 0.6, 1.0, 1.3, 1.1, 0.9, 0.9, 1.0,
  1.1, 1.0, 0.9, 0.9, 1.2, 1.8, 2.1, 1.9, 1.6, 1.3, 0.9, 0.7,
];

const PHASES = [1, 2, 3] as const;

/** A house with solar cells: power is what it draws from the grid, negative while it feeds in. */
function house(timeMs: number, noise: Noise) {
  const hour = (timeMs / 3_600_000) % 24;
  const sun = Math.max(0, Math.sin(((hour - 6) / 12) * Math.PI)) * (0.3 + 0.7 * noise.at("cloud", timeMs, 180_000));
  const measured: Record<string, number> = { frequency: 49.97 + 0.06 * noise.at("frequency", timeMs, 20_000) };
  let power = 0;
  for (const phase of PHASES) {
    const use = 380 * dailyProfile(HOUSEHOLD_HOURS, timeMs) * (0.5 + noise.at(`load ${phase}`, timeMs, 50_000));
    const drawn = use - 900 * sun;
    const voltage = 228 + 6 * noise.at(`voltage ${phase}`, timeMs, 60_000);
    measured[`power${phase}`] = drawn;
    measured[`voltage${phase}`] = voltage;
    measured[`current${phase}`] = Math.abs(drawn) / voltage;
    power += drawn;
  }
  // The second tariff holds from 6 to 22 o'clock.
  return { ...measured, power, dayTariff: hour >= 6 && hour < 22 ? 1 : 0 };
}

const drawn = (power = 0) => Math.max(0, power);

/**
 * A three-phase electricity meter. Its three voltages have the same address, as in real meters that tell them apart by
 * their order alone.
 */
export const electricity: MeterKind = {
  name: "electricity",
  deviceTypeCode: 0x02,
  version: 0x47,
  telegrams: [[
    register("Energy", ["0E", "03"], [0, "energy", "Wh"], "energy"),
    register("Energy, tariff 1", ["8E 10", "03"], [0, "energy", "Wh"], "energyNight", { tariff: 1 }),
    register("Energy, tariff 2", ["8E 20", "03"], [0, "energy", "Wh"], "energyDay", { tariff: 2 }),
    register("Energy fed in", ["0E", "83 3C"], [0, "energy", "Wh"], "energyFedIn", { modifiers: ["backward"] }),
    register("Power", ["04", "2A"], [-1, "power", "W"], "power"),
    ...PHASES.map((phase) =>
      register(`Power L${phase}`, ["04", `AA FC 0${phase}`], [-1, "power", "W"], `power${phase}`, {
        modifiers: [`l${phase}`],
      })
    ),
    ...PHASES.map((phase) =>
      register(`Current L${phase}`, ["04", `FD D9 FC 0${phase}`], [-3, "current", "A"], `current${phase}`, {
        modifiers: [`l${phase}`],
      })
    ),
    ...PHASES.map((phase) => register(`Voltage L${phase}`, ["02", "FD 48"], [-1, "voltage", "V"], `voltage${phase}`)),
    register("Frequency", ["02", "FB 2D"], [-2, "frequency", "Hz"], "frequency"),
  ]],
  measure: house,
  counters: {
    energy: (m) => drawn(m.power),
    energyNight: (m) => (1 - (m.dayTariff ?? 0)) * drawn(m.power),
    energyDay: (m) => (m.dayTariff ?? 0) * drawn(m.power),
    energyFedIn: (m) => drawn(-(m.power ?? 0)),
  },
  initial: { energy: 21_400_000, energyNight: 6_100_000, energyDay: 15_300_000, energyFedIn: 4_700_000 },
};
