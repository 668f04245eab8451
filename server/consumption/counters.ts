import type { Tx } from "../db/mod.ts";
import { arrayLiteral } from "../ingest/array_literal.ts";

/** Quantities whose values only count up, with their units; everything else is a state, not a counter. */
const COUNTERS: readonly (readonly [quantity: string, unit: string])[] = [
  ["energy", "Wh"],
  ["energy", "MWh"],
  ["energy", "J"],
  ["energy", "GJ"],
  ["energy", "Mcal"],
  ["reactive_energy", "kvarh"],
  ["apparent_energy", "kVAh"],
  ["volume", "m3"],
  ["volume", "ft3"],
  ["volume", "USgal"],
  ["mass", "kg"],
  ["mass", "t"],
  ["heat_cost_allocation", "HCA"],
];

/** Modifiers that make another thing of a counter: a mean, a limit, a value of the future. */
const NO_COUNTERS = ["average", "relative_deviation", "lower_limit", "upper_limit", "future"];

/**
 * A condition on `series`: the counters, as they stand now. What the meter stored of itself (other storage numbers) is
 * not counted twice, and what it measured in an error state (another function) is not counted at all.
 */
export function isCounter(tx: Tx) {
  return tx`
    series.function = 'instantaneous' and series.storage_number = 0
    and (series.quantity, series.unit) in (
      select * from unnest(
        ${arrayLiteral(COUNTERS.map(([quantity]) => quantity))}::text::text[],
        ${arrayLiteral(COUNTERS.map(([, unit]) => unit))}::text::text[]
      )
    )
    and not string_to_array(series.modifiers, ' ') && ${arrayLiteral(NO_COUNTERS)}::text::text[]`;
}
