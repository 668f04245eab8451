/** The units that people read, and the power of ten between them and the stored ones. */
const UNIT_ROWS = [
  ["Wh", "kWh", -3],
  ["J", "MJ", -6],
  ["W", "kW", -3],
  ["J/h", "MJ/h", -6],
  ["varh", "kvarh", -3],
  ["VAh", "kVAh", -3],
  ["var", "kvar", -3],
  ["VA", "kVA", -3],
  ["m3", "m³", 0],
  ["m3/h", "l/h", 3],
  ["HCA", "units", 0],
] as const;

/** A unit as it is shown: a value is multiplied by 10^exponent to be in it. */
export interface ShownUnit {
  unit: string;
  exponent: number;
}

const SHOWN = new Map<string, ShownUnit>(
  UNIT_ROWS.map(([stored, unit, exponent]) => [stored, { unit, exponent }]),
);

/** The unit that a person reads for a stored one. */
export function shownUnit(stored: string): ShownUnit {
  return SHOWN.get(stored) ?? { unit: stored, exponent: 0 };
}

/** A value for a person, and beside it exactly as it is stored. */
export interface HumanValue {
  number: string;
  unit: string;
  /** "48001230 Wh" */
  exact: string;
}

/**
 * Turns a stored decimal into one for people, still exact: the point moves, no digit is lost.
 *
 * @example
 * ```ts ignore
 * humanValue("48001230", "Wh"); // { number: "48 001.23", unit: "kWh", exact: "48001230 Wh" }
 * ```
 */
export function humanValue(value: string, storedUnit: string): HumanValue {
  const exact = `${value} ${storedUnit}`.trim();
  if (storedUnit === "s" && /^\d{4,}$/.test(value)) return { number: durationText(BigInt(value)), unit: "", exact };
  const { unit, exponent } = shownUnit(storedUnit);
  return { number: groupDigits(shiftDecimal(value, exponent)), unit, exact };
}

/** value × 10^exponent on the decimal's text; zeros that end a fraction say nothing and go. */
export function shiftDecimal(value: string, exponent: number): string {
  const sign = value.startsWith("-") ? "-" : "";
  const [whole = "", fraction = ""] = value.slice(sign.length).split(".");
  const digits = whole + fraction;
  const point = whole.length + exponent;
  const padded = point <= 0 ? "0".repeat(1 - point) + digits : digits.padEnd(point, "0");
  const at = Math.max(point, 1);
  const left = padded.slice(0, at).replace(/^0+(?=\d)/, "");
  const right = padded.slice(at).replace(/0+$/, "");
  return sign + left + (right === "" ? "" : `.${right}`);
}

/** Groups of three, parted by a narrow space that does not break: the same in every language (ISO 80000-1, 7.3.1). */
export function groupDigits(value: string): string {
  const [whole = "", fraction] = value.split(".");
  const grouped = whole.replace(/\d(?=(?:\d{3})+$)/g, "$&\u202f");
  return fraction === undefined ? grouped : `${grouped}.${fraction}`;
}

function durationText(seconds: bigint): string {
  const hours = seconds / 3600n;
  const minutes = seconds / 60n % 60n;
  return hours < 48n ? `${hours} h ${minutes} min` : `${groupDigits(String(hours / 24n))} d ${hours % 24n} h`;
}
