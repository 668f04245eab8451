import { shiftDecimal } from "./dial.ts";

/** The part of a reading's address that a register has to itself; absent parts are the standard's defaults. */
export interface RegisterAddress {
  function?: "instantaneous" | "maximum" | "minimum";
  storageNumber?: number;
  tariff?: number;
  subunit?: number;
  modifiers?: readonly string[];
}

/**
 * A numeric register of a simulated meter, mapped by hand. Nothing here comes from the decoder's tables: what the
 * decoder makes of `dib` and `vib` has to agree with what a person wrote down beside them.
 */
export interface Register extends RegisterAddress {
  label: string;
  /** DIF and DIFEs, as hexadecimal bytes on the wire (EN 13757-3, 6.3). */
  dib: string;
  /** VIF and VIFEs, as hexadecimal bytes on the wire (EN 13757-3, 6.4). */
  vib: string;
  /** The power of ten of the last digit, in `unit`. */
  exponent: number;
  quantity: string;
  /** The base unit: Wh, never kWh. */
  unit: string;
  /** Which dial it shows; `due:` before it the dial at the start of the month, `max:` its maximum since then. */
  dial: string;
}

/** A register that shows a date: the due date, or the meter's own clock. */
export interface DateRegister {
  label: string;
  dib: string;
  vib: string;
  date: "due" | "clock";
}

/** A row of a meter's table. */
export type Row = Register | DateRegister;

/** Writes a numeric register as one line of a table. */
export function register(
  label: string,
  [dib, vib]: [string, string],
  [exponent, quantity, unit]: [number, string, string],
  dial: string,
  address: RegisterAddress = {},
): Register {
  return { label, dib, vib, exponent, quantity, unit, dial, ...address };
}

/** The data fields that the simulated meters use, by the low four bits of the DIF (EN 13757-3, table 4). */
const DATA_FIELDS: Record<number, { coding: "integer" | "bcd"; bytes: number }> = {
  0x1: { coding: "integer", bytes: 1 },
  0x2: { coding: "integer", bytes: 2 },
  0x3: { coding: "integer", bytes: 3 },
  0x4: { coding: "integer", bytes: 4 },
  0x6: { coding: "integer", bytes: 6 },
  0xa: { coding: "bcd", bytes: 2 },
  0xb: { coding: "bcd", bytes: 3 },
  0xc: { coding: "bcd", bytes: 4 },
  0xe: { coding: "bcd", bytes: 6 },
};

/** A register's data bytes for what its dial shows, as a whole number of last digits; it rolls over like a dial. */
export function encodeDigits(dib: string, digits: number): Uint8Array {
  const field = DATA_FIELDS[parseInt(dib.slice(0, 2), 16) & 0x0f];
  if (field === undefined) throw new RangeError(`Cannot encode register: data field of DIF ${dib} is not simulated`);
  if (field.coding === "integer") return littleEndian(BigInt(digits), field.bytes);
  if (digits < 0) throw new RangeError(`Cannot encode register: ${digits} has no place in a BCD counter (DIF ${dib})`);
  const text = String(digits).padStart(2 * field.bytes, "0").slice(-2 * field.bytes);
  return Uint8Array.fromHex(text).reverse();
}

/** What the dial shows after it rolled over, in whole last digits; what was encoded, said in decimal. */
export function shownDigits(dib: string, digits: number): number {
  const field = DATA_FIELDS[parseInt(dib.slice(0, 2), 16) & 0x0f];
  return field?.coding === "bcd" ? digits % 10 ** (2 * field.bytes) : digits;
}

/** The exact decimal in base units of a dial that shows `digits`. */
export function dialText(row: Register, digits: number): string {
  return shiftDecimal(BigInt(shownDigits(row.dib, digits)), row.exponent);
}

function littleEndian(value: bigint, bytes: number): Uint8Array {
  const bits = 8 * bytes;
  if (BigInt.asIntN(bits, value) !== value) {
    throw new RangeError(`Cannot encode register: ${value} does not fit ${bytes} bytes`);
  }
  const unsigned = BigInt.asUintN(bits, value);
  return Uint8Array.from({ length: bytes }, (_, i) => Number((unsigned >> BigInt(8 * i)) & 0xffn));
}
