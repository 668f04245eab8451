import type { DataRecord } from "@mbus-gateway/mbus";

/** What Home Assistant is told of a value. */
export interface SensorKind {
  unit: string;
  deviceClass?: string;
  /** `counter`: rises, and only rises, while the meter is not exchanged; `measurement`: goes up and down. */
  course?: "counter" | "measurement";
  diagnostic?: boolean;
}

type Row = [
  quantity: string,
  unit: string,
  theirUnit: string,
  deviceClass: string | null,
  course: SensorKind["course"] | "diagnostic" | null,
];

/** Quantities that have a place in a house, by the decoder's names; `fluid` is water, gas or plain volume. */
const ROWS: readonly Row[] = [
  ["energy", "Wh", "Wh", "energy", "counter"],
  ["energy", "MWh", "MWh", "energy", "counter"],
  ["energy", "J", "J", "energy", "counter"],
  ["energy", "GJ", "GJ", "energy", "counter"],
  ["energy", "Mcal", "Mcal", "energy", "counter"],
  ["volume", "m3", "m³", "fluid", "counter"],
  ["volume", "ft3", "ft³", "fluid", "counter"],
  ["volume", "USgal", "gal", "fluid", "counter"],
  ["mass", "kg", "kg", "weight", null],
  ["power", "W", "W", "power", "measurement"],
  ["power", "MW", "MW", "power", "measurement"],
  ["power", "J/h", "J/h", null, "measurement"],
  ["power", "GJ/h", "GJ/h", null, "measurement"],
  ["volume_flow", "m3/h", "m³/h", "volume_flow_rate", "measurement"],
  ["volume_flow", "m3/min", "m³/min", "volume_flow_rate", "measurement"],
  ["volume_flow", "m3/s", "m³/s", "volume_flow_rate", "measurement"],
  ["volume_flow", "USgal/min", "gal/min", "volume_flow_rate", "measurement"],
  ["mass_flow", "kg/h", "kg/h", null, "measurement"],
  ["flow_temperature", "°C", "°C", "temperature", "measurement"],
  ["return_temperature", "°C", "°C", "temperature", "measurement"],
  ["external_temperature", "°C", "°C", "temperature", "measurement"],
  ["flow_temperature", "°F", "°F", "temperature", "measurement"],
  ["return_temperature", "°F", "°F", "temperature", "measurement"],
  ["external_temperature", "°F", "°F", "temperature", "measurement"],
  // A difference is no temperature: 10 K are not −263 °C.
  ["temperature_difference", "K", "K", null, "measurement"],
  ["pressure", "bar", "bar", "pressure", "measurement"],
  ["voltage", "V", "V", "voltage", "measurement"],
  ["current", "A", "A", "current", "measurement"],
  ["frequency", "Hz", "Hz", "frequency", "measurement"],
  ["relative_humidity", "%", "%", "humidity", "measurement"],
  // It begins anew on its due date, so that it is no counter.
  ["heat_cost_allocation", "HCA", "HCA", null, null],
  ["remaining_battery_lifetime", "d", "d", "duration", "diagnostic"],
  ["rf_level", "dBm", "dBm", "signal_strength", "diagnostic"],
];

const KINDS = new Map(ROWS.map(([quantity, unit, ...told]) => [`${quantity}:${unit}`, told]));

const FLUIDS: Record<string, string> = {
  gas: "gas",
  water: "water",
  warm_water: "water",
  hot_water: "water",
  cold_water: "water",
  dual_water: "water",
  irrigation_water: "water",
};

/**
 * What Home Assistant is told of a record; null of one that is no number or that a house has no use for.
 *
 * A record counts as a counter, `total_increasing`, only where that is true: the meter's present total, not a stored,
 * greatest or smallest value, nor one with a modifier (of which some run backwards).
 */
export function sensorKind(record: DataRecord, deviceType: string | null): SensorKind | null {
  const told = KINDS.get(`${record.quantity}:${record.unit}`);
  if (told === undefined || record.kind !== "number" || record.function === "error") return null;
  const [unit, named, course] = told;
  const deviceClass = named === "fluid" ? FLUIDS[deviceType ?? ""] ?? "volume" : named ?? undefined;
  if (course === "diagnostic") return { unit, deviceClass, diagnostic: true };
  const present = record.function === "instantaneous" && record.storageNumber === 0 && record.modifiers.length === 0;
  return { unit, deviceClass, ...(present && course !== null && { course }) };
}
