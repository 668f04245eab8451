/** An exact decimal: `digits` × 10^−`scale`, scale 0 or more. */
export interface Amount {
  digits: bigint;
  scale: number;
}

export const ZERO: Amount = { digits: 0n, scale: 0 };

/**
 * Reads a plain decimal such as "-12.50", as PostgreSQL writes `numeric`.
 *
 * @throws {Error} for anything else, `NaN` and `Infinity` among it.
 */
export function parseAmount(text: string): Amount {
  const [, sign, whole, fraction = ""] = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text) ?? [];
  if (whole === undefined) throw new Error(`Cannot reckon with "${text}": expected a decimal number`);
  const digits = BigInt(whole + fraction);
  return { digits: sign === "-" ? -digits : digits, scale: fraction.length };
}

/** As text, without trailing zeros of a fraction. */
export function amountText({ digits, scale }: Amount): string {
  const text = (digits < 0n ? -digits : digits).toString().padStart(scale + 1, "0");
  const fraction = text.slice(text.length - scale).replace(/0+$/, "");
  const whole = text.slice(0, text.length - scale);
  return `${digits < 0n ? "-" : ""}${whole}${scale === 0 || fraction === "" ? "" : `.${fraction}`}`;
}

export function add(a: Amount, b: Amount): Amount {
  const scale = Math.max(a.scale, b.scale);
  return { digits: atScale(a, scale) + atScale(b, scale), scale };
}

export function subtract(a: Amount, b: Amount): Amount {
  return add(a, { digits: -b.digits, scale: b.scale });
}

/** Negative, zero or positive, as `a` is below, equal to or above `b`. */
export function compare(a: Amount, b: Amount): number {
  const { digits } = subtract(a, b);
  return digits === 0n ? 0 : digits < 0n ? -1 : 1;
}

/** 10^`exponent`, which may be negative. */
export function powerOfTen(exponent: number): Amount {
  return exponent >= 0 ? { digits: 10n ** BigInt(exponent), scale: 0 } : { digits: 1n, scale: -exponent };
}

export function times(a: Amount, factor: bigint): Amount {
  return { digits: a.digits * factor, scale: a.scale };
}

/** Decimals of what is interpolated, where the readings have no more: a millilitre of a cubic metre. */
export const INTERPOLATED_DECIMALS = 6;

/** The part `numerator / denominator` of an amount, rounded to {@linkcode INTERPOLATED_DECIMALS}, halves away from 0. */
export function share(amount: Amount, numerator: number, denominator: number): Amount {
  const scale = Math.max(amount.scale, INTERPOLATED_DECIMALS);
  const dividend = atScale(amount, scale) * BigInt(numerator) * 2n;
  const divisor = BigInt(denominator);
  const half = dividend < 0n ? -divisor : divisor;
  return { digits: (dividend + half) / (2n * divisor), scale };
}

function atScale({ digits, scale }: Amount, wanted: number): bigint {
  return digits * 10n ** BigInt(wanted - scale);
}
