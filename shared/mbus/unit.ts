/**
 * Every value comes out in one unit a quantity. Left: what the standard's tables say; right: the unit of our values, an
 * integer factor and a power of ten, so that the conversion is exact. A unit that is not listed stays what it is.
 * Months and years are calendar units and are never turned into seconds; degrees Fahrenheit and calories stay, because
 * 5/9 is no finite decimal and there are several calories.
 */
const UNIT_ROWS = [
  ["MWh", "Wh", 1, 6],
  ["GJ", "J", 1, 9],
  ["Mcal", "cal", 1, 6],
  ["kvarh", "varh", 1, 3],
  ["kVAh", "VAh", 1, 3],
  ["MW", "W", 1, 6],
  ["GJ/h", "J/h", 1, 9],
  ["kvar", "var", 1, 3],
  ["kVA", "VA", 1, 3],
  ["t", "kg", 1, 3],
  ["m3/min", "m3/h", 60, 0],
  ["m3/s", "m3/h", 3600, 0],
  // Exact by definition: the international foot is 0.3048 m, the US gallon 231 cubic inches of 0.0254 m.
  ["ft3", "m3", 28_316_846_592, -12],
  ["USgal", "m3", 3_785_411_784, -12],
  ["USgal/min", "m3/h", 3_785_411_784 * 60, -12],
  ["USgal/h", "m3/h", 3_785_411_784, -12],
  ["min", "s", 60, 0],
  ["h", "s", 3600, 0],
  ["d", "s", 86_400, 0],
  // The rating factors of heat cost allocators are binary fractions: 1/4096 = 5^12 / 10^12.
  ["1/4096", "", 244_140_625, -12],
] as const;

/** The unit of a value, and what its number is multiplied by: factor × 10^exponent. */
export interface BaseUnit {
  /** The unit's symbol. */
  unit: string;
  /** A positive integer. */
  factor: number;
  /** A power of ten. */
  exponent: number;
}

const BASE_UNITS = new Map<string, BaseUnit>(
  UNIT_ROWS.map(([stated, unit, factor, exponent]) => [stated, { unit, factor, exponent }]),
);

/** The unit that our values have for a unit of the standard's tables. */
export function baseUnit(stated: string): BaseUnit {
  return BASE_UNITS.get(stated) ?? { unit: stated, factor: 1, exponent: 0 };
}
