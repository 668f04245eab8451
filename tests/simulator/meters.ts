import { METER_KINDS } from "./kinds/mod.ts";
import type { Manners } from "./manners.ts";
import { SimulatedMeter } from "./meter.ts";
import type { MeterState } from "./meter_state.ts";
import { identityOf, type Population } from "./population.ts";
import { stateKey } from "./state_file.ts";

/** The most meters of a segment: primary addresses 1 to 250 (EN 13757-2, 5.7.5). */
export const MAX_METERS = 250;

export interface SimulatedMetersOptions {
  seed?: number;
  now?: number;
  /** What meters remember from before, by {@linkcode stateKey}; others are new. */
  states?: Record<string, MeterState>;
  population?: Population;
  /** How the meter at `index` behaves where it is not like the others. */
  manners?: (index: number) => Partial<Manners>;
}

/**
 * Fills a segment with `count` meters, the kinds in turn, at primary addresses 1, 2, …: the same meters for the same
 * seed.
 */
export function simulatedMeters(
  count: number,
  { seed = 1, now = Date.now(), states = {}, population = "in_order", manners = () => ({}) }: SimulatedMetersOptions =
    {},
): SimulatedMeter[] {
  if (!Number.isInteger(count) || count < 1 || count > MAX_METERS) {
    throw new RangeError(`Cannot simulate meters: a segment holds 1 to ${MAX_METERS}, not ${count}`);
  }
  return Array.from({ length: count }, (_, index) => {
    const kind = METER_KINDS[index % METER_KINDS.length];
    if (kind === undefined) throw new Error("Cannot simulate meters: there is no kind");
    const identity = identityOf(population, index, kind, seed);
    const options = { seed: seed * 1_000 + index, now, state: states[stateKey(identity)], manners: manners(index) };
    return new SimulatedMeter(identity, kind, options);
  });
}
