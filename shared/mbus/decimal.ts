/**
 * An exact number: `coefficient` × 10^`exponent`. Never a float that was multiplied by 0.001, so a meter's last digit
 * reaches the database unharmed.
 */
export interface Decimal {
  /** An integer; a `number` only while it is at most 2^53 in size, else a `bigint`. */
  coefficient: number | bigint;
  /** The power of ten. */
  exponent: number;
}

/**
 * A decimal as text in its one canonical form: plain digits, "." before a fraction, "-" before a negative number; no
 * exponent, no leading zeros but the one before the point, **no trailing zeros of a fraction**, and zero is "0".
 * So equal values are equal texts, whatever resolution the register has.
 *
 * @example
 * ```ts
 * import { decimalText } from "@mbus-gateway/mbus";
 * decimalText(54321, -3); // "54.321"
 * decimalText(-10, -1); // "-1"
 * decimalText(5, 3); // "5000"
 * ```
 */
export function decimalText(coefficient: number | bigint, exponent: number): string {
  if (typeof coefficient === "number" && exponent >= -6 && coefficient > -SMALL && coefficient < SMALL) {
    // -0 is zero, too
    if (coefficient === 0) return "0";
    const size = coefficient < 0 ? -coefficient : coefficient;
    const text = exponent <= 0 ? smallDecimal(size, exponent) : integerText(size) + zeros(exponent);
    return coefficient < 0 ? "-" + text : text;
  }
  if (exponent === 0) return coefficient === 0 ? "0" : coefficient.toString();
  // == because 0, -0 and 0n are all zero
  if (coefficient == 0) return "0";
  if (exponent > 0) return coefficient.toString() + zeros(exponent);
  const negative = coefficient < 0;
  const digits = (negative ? -coefficient : coefficient).toString();
  const point = digits.length + exponent;
  let end = digits.length;
  const least = point > 0 ? point : 0;
  while (end > least && digits.charCodeAt(end - 1) === 48) end--;
  const sign = negative ? "-" : "";
  if (point > 0) {
    return end === point
      ? sign + digits.slice(0, point)
      : sign + digits.slice(0, point) + "." + digits.slice(point, end);
  }
  return sign + "0." + zeros(-point) + digits.slice(0, end);
}

/** Below this integers are put together of looked-up groups of digits, which is faster than making and cutting texts. */
const SMALL = 1_000_000_000;
const POWERS = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000];

const DIGITS: string[] = Array.from({ length: 10_000 }, (_, value) => String(value));
const THREE_DIGITS: string[] = Array.from({ length: 1000 }, (_, value) => String(value).padStart(3, "0"));
/** As the last digits of a fraction. */
const TRIMMED: string[] = THREE_DIGITS.map((digits) => digits.replace(/0+$/, ""));
const FRACTION: string[] = THREE_DIGITS.map((digits) => "." + digits);
const LAST_FRACTION: string[] = TRIMMED.map((digits) => digits === "" ? "" : "." + digits);

/** `size` × 10^`exponent`, with `size` from 0 to below 10^9 and `exponent` from -6 to 0. */
function smallDecimal(size: number, exponent: number): string {
  if (exponent === 0) return integerText(size);
  const power = POWERS[-exponent] as number;
  const whole = size / power | 0;
  const fraction = size - whole * power;
  const text = integerText(whole);
  if (exponent >= -3) return text + (LAST_FRACTION[fraction * (POWERS[3 + exponent] as number)] as string);
  const millionths = fraction * (POWERS[6 + exponent] as number);
  const thousandths = millionths / 1000 | 0;
  const rest = millionths - 1000 * thousandths;
  return rest === 0
    ? text + (LAST_FRACTION[thousandths] as string)
    : text + (FRACTION[thousandths] as string) + (TRIMMED[rest] as string);
}

/** 0 to below 10^9. */
function integerText(value: number): string {
  if (value < 10_000) return DIGITS[value] as string;
  let text = "";
  let rest = value;
  if (value >= 10_000_000) {
    const millions = value / 1_000_000 | 0;
    rest = value - 1_000_000 * millions;
    text = DIGITS[millions] as string;
  }
  const thousands = rest / 1000 | 0;
  const last = THREE_DIGITS[rest - 1000 * thousands] as string;
  return text === "" ? DIGITS[thousands] + last : text + THREE_DIGITS[thousands] + last;
}

/**
 * The exact decimal of a finite binary floating point number: all its digits, since every binary fraction has a finite
 * decimal one (0.1 as float32 is 0.100000001490116119384765625).
 *
 * @example
 * ```ts
 * import { decimalOfFloat } from "@mbus-gateway/mbus";
 * decimalOfFloat(21.5); // { coefficient: 215, exponent: -1 }
 * ```
 */
export function decimalOfFloat(value: number): Decimal {
  if (Number.isInteger(value)) {
    return { coefficient: Number.isSafeInteger(value) ? value + 0 : BigInt(value), exponent: 0 };
  }
  // value = numerator / 2^halvings, and 1 / 2^k = 5^k / 10^k
  let numerator = value;
  let halvings = 0;
  let power = 1;
  while (!Number.isInteger(numerator)) {
    numerator *= 2;
    halvings++;
    power *= 5;
  }
  const product = numerator * power;
  // A product that is safe was made of safe factors, so it is exact.
  if (Number.isSafeInteger(product)) return { coefficient: product, exponent: -halvings };
  return { coefficient: narrow(BigInt(numerator) * 5n ** BigInt(halvings)), exponent: -halvings };
}

/** The sum of two decimals, exact. */
export function addDecimals(a: Decimal, b: Decimal): Decimal {
  const exponent = Math.min(a.exponent, b.exponent);
  const left = BigInt(a.coefficient) * 10n ** BigInt(a.exponent - exponent);
  const right = BigInt(b.coefficient) * 10n ** BigInt(b.exponent - exponent);
  return { coefficient: narrow(left + right), exponent };
}

/** The product of an integer coefficient and an integer factor, a `bigint` only where it must be. */
export function multiplyExact(coefficient: number | bigint, factor: number): number | bigint {
  if (typeof coefficient === "number") {
    const product = coefficient * factor;
    if (Number.isSafeInteger(product)) return product;
  }
  return narrow(BigInt(coefficient) * BigInt(factor));
}

/** The same integer as a `number` where that is exact. */
export function narrow(value: bigint): number | bigint {
  return value >= -9007199254740991n && value <= 9007199254740991n ? Number(value) : value;
}

const ZEROS: string[] = Array.from({ length: 32 }, (_, count) => "0".repeat(count));

function zeros(count: number): string {
  return ZEROS[count] ?? "0".repeat(count);
}
