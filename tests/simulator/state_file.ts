import type { MeterIdentity, SimulatedMeter } from "./meter.ts";
import type { MeterState } from "./meter_state.ts";

/** What meters remember, by {@linkcode stateKey}. */
export type MeterStates = Record<string, MeterState>;

/** Reads what meters remembered; nothing where the file is not there yet. */
export function readStates(path: string): MeterStates {
  try {
    return JSON.parse(Deno.readTextFileSync(path)) as MeterStates;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return {};
    throw new Error(`Cannot continue meters: ${path} cannot be read; delete it to begin anew`, { cause: error });
  }
}

/** Replaces the file as a whole: a kill leaves the old one or the new one. */
export function writeStates(path: string, meters: readonly SimulatedMeter[]) {
  const states = Object.fromEntries(meters.map((meter) => [stateKey(meter.identity), meter.state]));
  Deno.writeTextFileSync(`${path}.new`, JSON.stringify(states));
  Deno.renameSync(`${path}.new`, path);
}

/** Tells a meter from all others of its segment, whatever its primary address is now. */
export function stateKey({ identification, manufacturer, version, deviceTypeCode, fabricationNumber }: MeterIdentity) {
  return [identification, manufacturer, version, deviceTypeCode, fabricationNumber ?? ""].join(" ");
}
