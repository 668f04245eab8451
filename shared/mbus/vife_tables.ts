/**
 * What a combinable VIFE does to a value; the entries of the rows below.
 *
 * - `modifier`: the value keeps quantity and unit and gets a name that separates its series from others.
 * - `unsigned`: a modifier that also says that the number is never negative (types C and D).
 * - `uninterpretable`: a modifier that makes the number mean something that is not known here.
 * - `error`: the meter reports why there is no (valid) value.
 * - `date`, `count`, `duration`: the value becomes a point in time, a number of events or a duration; the name goes
 *   behind the quantity.
 * - `per`, `times`: the value is divided or multiplied by a unit; `exponent` brings that to a base unit.
 * - `scale`, `add`: the number itself changes: × 10^(exponent + n), + 10^(exponent + n).
 * - `bytes`: the data is a series of its own form.
 */
export type VifeRow =
  | readonly [pattern: string, effect: "none"]
  | readonly [
    pattern: string,
    effect: "modifier" | "unsigned" | "uninterpretable" | "error" | "date" | "count" | "duration" | "bytes",
    name: string,
  ]
  | readonly [pattern: string, effect: "per" | "times", name: string, unit: string, exponent: number]
  | readonly [pattern: string, effect: "scale" | "add", exponent: number];

/**
 * Combinable (orthogonal) VIFEs (EN 13757-3, tables "Combinable (orthogonal) VIFE-codes" and, for 00 to 1C, "Codes for
 * record errors": a meter's answers carry errors there, not object actions). 7C and 7F are no rows.
 */
export const COMBINABLE_VIFES: readonly VifeRow[] = [
  ["E000 0000", "none"],
  ["E000 0001", "error", "too many DIFEs"],
  ["E000 0010", "error", "storage number not implemented"],
  ["E000 0011", "error", "unit number not implemented"],
  ["E000 0100", "error", "tariff number not implemented"],
  ["E000 0101", "error", "function not implemented"],
  ["E000 0110", "error", "data class not implemented"],
  ["E000 0111", "error", "data size not implemented"],
  ["E000 1011", "error", "too many VIFEs"],
  ["E000 1100", "error", "illegal VIF group"],
  ["E000 1101", "error", "illegal VIF exponent"],
  ["E000 1110", "error", "VIF and DIF do not match"],
  ["E000 1111", "error", "unimplemented action"],
  ["E001 0010", "modifier", "average"],
  ["E001 0011", "bytes", "inverse_compact_profile"],
  ["E001 0100", "modifier", "relative_deviation"],
  ["E001 0101", "error", "no data available"],
  ["E001 0110", "error", "data overflow"],
  ["E001 0111", "error", "data underflow"],
  ["E001 1000", "error", "data error"],
  ["E001 1100", "error", "premature end of record"],
  ["E001 1101", "modifier", "standard_conform"],
  ["E001 1110", "bytes", "compact_profile_with_registers"],
  ["E001 1111", "bytes", "compact_profile"],
  ["E010 0000", "per", "second", "s", 0],
  ["E010 0001", "per", "minute", "min", 0],
  ["E010 0010", "per", "hour", "h", 0],
  ["E010 0011", "per", "day", "d", 0],
  ["E010 0100", "per", "week", "week", 0],
  ["E010 0101", "per", "month", "month", 0],
  ["E010 0110", "per", "year", "year", 0],
  ["E010 0111", "per", "revolution", "revolution", 0],
  ["E010 1000", "per", "input_pulse_0", "pulse", 0],
  ["E010 1001", "per", "input_pulse_1", "pulse", 0],
  ["E010 1010", "per", "output_pulse_0", "pulse", 0],
  ["E010 1011", "per", "output_pulse_1", "pulse", 0],
  ["E010 1100", "per", "volume", "m3", 3],
  ["E010 1101", "per", "volume", "m3", 0],
  ["E010 1110", "per", "mass", "kg", 0],
  ["E010 1111", "per", "kelvin", "K", 0],
  ["E011 0000", "per", "energy", "Wh", -3],
  ["E011 0001", "per", "energy", "J", -9],
  ["E011 0010", "per", "power", "W", -3],
  ["E011 0011", "per", "kelvin_volume", "(K·m3)", 3],
  ["E011 0100", "per", "voltage", "V", 0],
  ["E011 0101", "per", "current", "A", 0],
  ["E011 0110", "times", "time", "s", 0],
  ["E011 0111", "times", "time_per_voltage", "s/V", 0],
  ["E011 1000", "times", "time_per_current", "s/A", 0],
  ["E011 1001", "date", "start"],
  ["E011 1010", "modifier", "uncorrected"],
  ["E011 1011", "modifier", "forward"],
  ["E011 1100", "modifier", "backward"],
  ["E011 1101", "uninterpretable", "non_metric"], // annex C, which is not built in
  ["E011 1110", "modifier", "base_conditions"],
  ["E011 1111", "modifier", "obis_declaration"],
  ["E100 0000", "modifier", "lower_limit"],
  ["E100 1000", "modifier", "upper_limit"],
  ["E100 0001", "count", "lower_limit_exceed_count"],
  ["E100 1001", "count", "upper_limit_exceed_count"],
  ["E100 0010", "date", "lower_limit_first_exceed_begin"],
  ["E100 0011", "date", "lower_limit_first_exceed_end"],
  ["E100 0110", "date", "lower_limit_last_exceed_begin"],
  ["E100 0111", "date", "lower_limit_last_exceed_end"],
  ["E100 1010", "date", "upper_limit_first_exceed_begin"],
  ["E100 1011", "date", "upper_limit_first_exceed_end"],
  ["E100 1110", "date", "upper_limit_last_exceed_begin"],
  ["E100 1111", "date", "upper_limit_last_exceed_end"],
  ["E101 00tt", "duration", "lower_limit_first_exceed_duration"],
  ["E101 01tt", "duration", "lower_limit_last_exceed_duration"],
  ["E101 10tt", "duration", "upper_limit_first_exceed_duration"],
  ["E101 11tt", "duration", "upper_limit_last_exceed_duration"],
  ["E110 00tt", "duration", "first_duration"],
  ["E110 01tt", "duration", "last_duration"],
  ["E110 1000", "modifier", "during_lower_limit_exceed"],
  ["E110 1100", "modifier", "during_upper_limit_exceed"],
  ["E110 1001", "modifier", "leakage"],
  ["E110 1101", "modifier", "overflow"],
  ["E110 1010", "date", "first_begin"],
  ["E110 1011", "date", "first_end"],
  ["E110 1110", "date", "last_begin"],
  ["E110 1111", "date", "last_end"],
  ["E111 0nnn", "scale", -6],
  ["E111 10nn", "add", -3],
  ["E111 1101", "scale", 3],
  ["E111 1110", "modifier", "future"],
];

/** Combinables behind FC (EN 13757-3, table "Extension of combinable (orthogonal) VIFE-codes"). */
export const EXTENDED_COMBINABLE_VIFES: readonly VifeRow[] = [
  ["E000 0001", "modifier", "l1"],
  ["E000 0010", "modifier", "l2"],
  ["E000 0011", "modifier", "l3"],
  ["E000 0100", "modifier", "neutral"],
  ["E000 0101", "modifier", "l1_l2"],
  ["E000 0110", "modifier", "l2_l3"],
  ["E000 0111", "modifier", "l3_l1"],
  ["E000 1000", "modifier", "quadrant_1"],
  ["E000 1001", "modifier", "quadrant_2"],
  ["E000 1010", "modifier", "quadrant_3"],
  ["E000 1011", "modifier", "quadrant_4"],
  ["E000 1100", "modifier", "import_export_delta"],
  ["E001 0000", "modifier", "absolute"],
  ["E001 0001", "unsigned", "type_c"],
  ["E001 0010", "unsigned", "type_d"],
  ["E001 0100", "modifier", "to_meter"],
  ["E001 0101", "modifier", "from_meter"],
];
