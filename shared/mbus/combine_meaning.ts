import { addDecimals } from "./decimal.ts";
import { baseUnit } from "./unit.ts";
import { type MeaningFields, NO_MEANING } from "./value_meaning.ts";
import type { PatternCode } from "./bit_pattern.ts";
import type { VifeRow } from "./vife_tables.ts";
import { TIME_UNITS, type VifRow } from "./vif_tables.ts";

/** The meaning of one VIF code of a row: the unit is turned into the base unit, exactly. */
export function meaningOfVif([, quantity, stated, exponent, type]: VifRow, code: PatternCode): MeaningFields {
  const base = baseUnit(timeUnit(code) ?? stated);
  return {
    ...NO_MEANING,
    quantity,
    unit: base.unit,
    factor: base.factor,
    exponent: base.exponent + exponent + code.letter("n"),
    type: type ?? "signed",
  };
}

/** What a combinable VIFE makes of a meaning. */
export type Combine = (meaning: MeaningFields) => MeaningFields;

/** The effect of one code of a row on the meaning so far. */
export function combinationOf(row: VifeRow, code: PatternCode): Combine {
  switch (row[1]) {
    case "none":
      return (meaning) => meaning;
    case "modifier":
      return (meaning) => withModifier(meaning, row[2]);
    case "unsigned":
      return (meaning) => ({ ...withModifier(meaning, row[2]), type: "unsigned" });
    case "uninterpretable": {
      const error = `Cannot interpret value: what "${row[2]}" means for it is not built in`;
      return (meaning) => ({ ...withModifier(meaning, row[2]), error });
    }
    case "bytes":
      return (meaning) => ({ ...withModifier(meaning, row[2]), type: "bytes" });
    case "error":
      return (meaning) => ({ ...meaning, error: `Cannot state value: the meter reports "${row[2]}"` });
    case "date":
      return (meaning) => replaced(meaning, row[2], "", "time");
    case "count":
      return (meaning) => replaced(meaning, row[2], "", "unsigned");
    case "duration":
      return (meaning) => replaced(meaning, row[2], timeUnit(code) ?? "s", "signed");
    case "per":
      return (meaning) => divided(meaning, row[2], row[3], row[4]);
    case "times":
      return (meaning) => ({
        ...meaning,
        quantity: `${meaning.quantity}_times_${row[2]}`,
        unit: meaning.unit === "" ? row[3] : `${meaning.unit}·${row[3]}`,
      });
    case "scale":
      return (meaning) => scaled(meaning, row[2] + code.letter("n"), 1);
    case "add":
      return (meaning) => added(meaning, row[2] + code.letter("n"));
  }
}

/** The meaning with one name more that separates its series from others. */
export function withModifier(meaning: MeaningFields, modifier: string): MeaningFields {
  return { ...meaning, modifiers: Object.freeze([...meaning.modifiers, modifier]) };
}

function timeUnit(code: PatternCode): string | undefined {
  for (const letter of ["t", "p", "q"] as const) {
    if (code.has(letter)) return TIME_UNITS[letter][code.letter(letter)];
  }
  return undefined;
}

/** The number is no longer the quantity itself but a date, a count or a duration that belongs to it. */
function replaced(meaning: MeaningFields, suffix: string, stated: string, type: MeaningFields["type"]): MeaningFields {
  const { unit, factor, exponent } = baseUnit(stated);
  const quantity = `${meaning.quantity}_${suffix}`;
  return { ...meaning, quantity, unit, factor, exponent, offset: null, type };
}

/**
 * A volume, a mass or an energy by time is a flow or a power in our units wherever the factor is an integer; a value by
 * day, week, month or year stays so.
 */
const RATES = new Map<string, readonly [quantity: string, unit: string, factor: number]>([
  ["volume/h", ["volume_flow", "m3/h", 1]],
  ["volume/min", ["volume_flow", "m3/h", 60]],
  ["volume/s", ["volume_flow", "m3/h", 3600]],
  ["mass/h", ["mass_flow", "kg/h", 1]],
  ["mass/min", ["mass_flow", "kg/h", 60]],
  ["mass/s", ["mass_flow", "kg/h", 3600]],
  ["energy:Wh/h", ["power", "W", 1]],
  ["energy:Wh/min", ["power", "W", 60]],
  ["energy:Wh/s", ["power", "W", 3600]],
  ["energy:J/h", ["power", "J/h", 1]],
  ["energy:J/min", ["power", "J/h", 60]],
  ["energy:J/s", ["power", "J/h", 3600]],
]);

function divided(meaning: MeaningFields, name: string, divisor: string, exponent: number): MeaningFields {
  const { quantity, unit } = meaning;
  const rate = RATES.get(`${quantity === "energy" ? `energy:${unit}` : quantity}/${divisor}`);
  if (rate !== undefined) return { ...scaled(meaning, 0, rate[2]), quantity: rate[0], unit: rate[1] };
  return { ...scaled(meaning, exponent, 1), quantity: `${quantity}_per_${name}`, unit: `${unit || "1"}/${divisor}` };
}

function scaled(meaning: MeaningFields, exponent: number, factor: number): MeaningFields {
  const { offset } = meaning;
  return {
    ...meaning,
    factor: meaning.factor * factor,
    exponent: meaning.exponent + exponent,
    offset: offset &&
      { coefficient: BigInt(offset.coefficient) * BigInt(factor), exponent: offset.exponent + exponent },
  };
}

/** "10^(nn-3) • unit of VIF": in the unit that the value has at this place. */
function added(meaning: MeaningFields, exponent: number): MeaningFields {
  const constant = { coefficient: 1, exponent };
  return { ...meaning, offset: meaning.offset === null ? constant : addDecimals(meaning.offset, constant) };
}
