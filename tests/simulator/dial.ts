/**
 * Moves the decimal point of a whole number: `shiftDecimal(12345n, -3)` is `"12.345"`, `shiftDecimal(12n, 2)` is
 * `"1200"`. Text in, text out: no float is involved.
 */
export function shiftDecimal(digits: bigint, exponent: number): string {
  if (exponent >= 0) return digits === 0n ? "0" : `${digits}${"0".repeat(exponent)}`;
  const sign = digits < 0n ? "-" : "";
  const text = String(digits < 0n ? -digits : digits).padStart(1 - exponent, "0");
  return `${sign}${text.slice(0, exponent)}.${text.slice(exponent)}`;
}

/**
 * One spelling for equal decimals: no plus, no leading zeros, no zeros after the last decimal, no `-0`. Two decimals are
 * equal when their plain forms are.
 *
 * @throws {SyntaxError} when the text is no plain decimal (`NaN`, `1e3`).
 */
export function plainDecimal(text: string): string {
  const match = /^([+-]?)(\d+)(?:\.(\d+))?$/.exec(text);
  if (match === null) throw new SyntaxError(`Cannot read decimal: "${text}"`);
  const [, sign = "", whole = "", fraction = ""] = match;
  const units = whole.replace(/^0+(?=\d)/, "");
  const rest = fraction.replace(/0+$/, "");
  const plain = rest === "" ? units : `${units}.${rest}`;
  return sign === "-" && plain !== "0" ? `-${plain}` : plain;
}
