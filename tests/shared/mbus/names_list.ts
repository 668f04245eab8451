/**
 * Every name that the decoder can give, one code a line; `deno run tests/shared/mbus/names_list.ts` prints the list. A
 * line may be added; a line that changes breaks series that are stored under the old name.
 *
 * @module
 */
import { deviceTypeName, fromHex, toHex } from "@mbus-gateway/mbus";
import { nextMeaning, noMeaning } from "../../../shared/mbus/value_information.ts";
import type { ValueMeaning } from "../../../shared/mbus/value_meaning.ts";

/** The list, one line an entry. */
export function listNames(): string[] {
  return [
    ...["", "FB", "FD", "FDFD"].flatMap((prefix) => codes().map((code) => prefix + code).map(vifLine)),
    // What combinables make of a volume in litres.
    ...codes().map((code) => vifeLine(code)),
    ...codes().map((code) => vifeLine("FC" + code)),
    ...Array.from({ length: 256 }, (_, code) => `device type ${code}: ${deviceTypeName(code)}`),
  ];
}

function codes(): string[] {
  return Array.from({ length: 128 }, (_, code) => toHex(Uint8Array.of(code)));
}

/** Follows a value information block; extension bits as given. */
export function meaningOf(vib: string): ValueMeaning {
  return fromHex(vib).reduce<ValueMeaning>((meaning, byte) => nextMeaning(meaning, byte), noMeaning());
}

function vifLine(vib: string): string {
  return `VIF ${vib}: ${describe(meaningOf(vib))}`;
}

function vifeLine(vife: string): string {
  return `VIFE 93${vife}: ${describe(meaningOf("93" + vife))}`;
}

function describe({ quantity, unit, factor, exponent, offset, type, modifiers, error }: ValueMeaning): string {
  const parts = [quantity, unit || "-", `${factor}e${exponent}`, type, ...modifiers.map((name) => `+${name}`)];
  if (offset !== null) parts.push(`offset ${offset.coefficient}e${offset.exponent}`);
  if (error !== null) parts.push(`(${error})`);
  return parts.join(" ");
}

if (import.meta.main) console.log(listNames().join("\n"));
