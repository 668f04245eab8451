/**
 * What the page shows first, by kind of meter: the kind's label and icon, its main quantities in order (the first is the
 * large one), and the quantities that it may plot, the best first.
 */
const KIND_ROWS = [
  [
    "heat",
    "Heat",
    "flame",
    "energy power volume volume_flow flow_temperature return_temperature",
    "power volume_flow energy",
  ],
  [
    "heat_inlet",
    "Heat",
    "flame",
    "energy power volume volume_flow flow_temperature return_temperature",
    "power energy",
  ],
  [
    "heat_cooling",
    "Heat and cooling",
    "flame",
    "energy power volume volume_flow flow_temperature return_temperature",
    "power energy",
  ],
  [
    "cooling_outlet",
    "Cooling",
    "snow",
    "energy power volume volume_flow flow_temperature return_temperature",
    "power energy",
  ],
  [
    "cooling_inlet",
    "Cooling",
    "snow",
    "energy power volume volume_flow flow_temperature return_temperature",
    "power energy",
  ],
  ["water", "Water", "drop", "volume volume_flow", "volume_flow volume"],
  [
    "cold_water",
    "Cold water",
    "drop",
    "volume volume_flow flow_temperature external_temperature",
    "volume_flow volume",
  ],
  [
    "warm_water",
    "Warm water",
    "warm",
    "volume volume_flow flow_temperature external_temperature",
    "volume_flow volume",
  ],
  ["hot_water", "Hot water", "warm", "volume volume_flow flow_temperature external_temperature", "volume_flow volume"],
  ["electricity", "Electricity", "bolt", "energy power voltage current frequency", "power energy"],
  ["gas", "Gas", "flame", "volume volume_flow", "volume_flow volume"],
  [
    "heat_cost_allocator",
    "Heat-cost allocator",
    "radiator",
    "heat_cost_allocation flow_temperature external_temperature",
    "heat_cost_allocation",
  ],
] as const;

const ANY_MAIN = "energy volume heat_cost_allocation power volume_flow";
const ANY_PLOT = "power volume_flow energy volume heat_cost_allocation";

export type IconName = "flame" | "snow" | "drop" | "warm" | "bolt" | "radiator" | "dial";

export interface MeterKind {
  label: string;
  icon: IconName;
  main: string[];
  plot: string[];
}

const KINDS = new Map<string, MeterKind>(
  KIND_ROWS.map((
    [type, label, icon, main, plot],
  ) => [type, { label, icon, main: main.split(" "), plot: plot.split(" ") }]),
);

/** How a meter of this device type is shown; one that is not in the table by its name and what it has. */
export function meterKind(deviceType: string | null): MeterKind {
  const label = deviceType === null ? "Meter" : words(deviceType);
  return KINDS.get(deviceType ?? "") ??
    { label, icon: "dial", main: ANY_MAIN.split(" "), plot: ANY_PLOT.split(" ") };
}

/** What only grows: a plot shows by how much since its first point. */
const COUNTERS = new Set(["energy", "volume", "mass", "heat_cost_allocation", "reactive_energy", "apparent_energy"]);

export function isCounter(quantity: string): boolean {
  return COUNTERS.has(quantity);
}

const QUANTITY_LABELS = new Map([["volume_flow", "Flow"], ["heat_cost_allocation", "Allocated"]]);

/** "flow_temperature" as a person writes it. */
export function quantityLabel(quantity: string): string {
  return QUANTITY_LABELS.get(quantity) ?? words(quantity);
}

function words(name: string): string {
  const text = name.replaceAll("_", " ");
  return text.charAt(0).toUpperCase() + text.slice(1);
}
