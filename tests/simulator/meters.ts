import { METER_KINDS } from "./kinds/mod.ts";
import { SimulatedMeter } from "./meter.ts";
import type { MeterState } from "./meter_state.ts";

/** The most meters of a segment: primary addresses 1 to 250 (EN 13757-2, 5.7.5). */
export const MAX_METERS = 250;

/**
 * Fills a segment with `count` meters, the kinds in turn, at primary addresses 1, 2, …: the same meters for the same
 * seed. `SIM` is no manufacturer's code.
 *
 * @param states what meters remember, by identification; others are new.
 */
export function simulatedMeters(
  count: number,
  { seed = 1, now = Date.now(), states = {} }: {
    seed?: number;
    now?: number;
    states?: Record<string, MeterState>;
  } = {},
): SimulatedMeter[] {
  if (!Number.isInteger(count) || count < 1 || count > MAX_METERS) {
    throw new RangeError(`Cannot simulate meters: a segment holds 1 to ${MAX_METERS}, not ${count}`);
  }
  return Array.from({ length: count }, (_, index) => {
    const kind = METER_KINDS[index % METER_KINDS.length];
    if (kind === undefined) throw new Error("Cannot simulate meters: there is no kind");
    const identification = String(10_000_000 + (seed % 80_000) * 1_000 + index + 1);
    const identity = {
      manufacturer: "SIM",
      identification,
      version: kind.version,
      deviceTypeCode: kind.deviceTypeCode,
      primaryAddress: index + 1,
    };
    return new SimulatedMeter(identity, kind, { seed: seed * 1_000 + index, now, state: states[identification] });
  });
}
