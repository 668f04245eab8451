import { expandTable } from "./bit_pattern.ts";
import { combinationOf, type Combine, meaningOfVif, withModifier } from "./combine_meaning.ts";
import { toHex } from "./hex.ts";
import { type MeaningFields, type NextTable, NO_MEANING, ValueMeaning } from "./value_meaning.ts";
import { FB_VIFS, FD_FD_VIFS, FD_VIFS, PRIMARY_VIFS, type VifRow } from "./vif_tables.ts";
import { COMBINABLE_VIFES, EXTENDED_COMBINABLE_VIFES, type VifeRow } from "./vife_tables.ts";

const PRIMARY = vifTable("primary", PRIMARY_VIFS);
const FB = vifTable("fb", FB_VIFS);
const FD = vifTable("fd", FD_VIFS);
const FD_FD = vifTable("fdfd", FD_FD_VIFS);
const COMBINABLE = vifeTable("combinable", COMBINABLE_VIFES);
const EXTENDED = vifeTable("extended", EXTENDED_COMBINABLE_VIFES);

/** Blocks that a hostile sender could invent are endless: only so many are remembered, others are worked out anew. */
const REMEMBERED_MEANINGS = 1024;
let remembered = 0;

const ROOT = new ValueMeaning(NO_MEANING, "primary", true);

/** The meaning before the first byte of a value information block. */
export function noMeaning(): ValueMeaning {
  return ROOT;
}

/** The meaning after a plain-text unit (VIF 7C, FC): whatever the text says, in the maker's own words. */
export function meaningOfPlainText(unit: string): ValueMeaning {
  return new ValueMeaning({ ...NO_MEANING, quantity: "user_defined", unit }, "combinable", false);
}

/**
 * The meaning after one more byte of a value information block.
 *
 * @param byte with its extension bit, since FB, FC and FD open their tables with that bit only.
 */
export function nextMeaning(meaning: ValueMeaning, byte: number): ValueMeaning {
  return meaning.next?.[byte] ?? findMeaning(meaning, byte);
}

function findMeaning(meaning: ValueMeaning, byte: number): ValueMeaning {
  const shared = meaning.shared && remembered < REMEMBERED_MEANINGS;
  const found = build(meaning, byte, shared);
  if (shared) {
    meaning.next ??= new Array<ValueMeaning | undefined>(256).fill(undefined);
    meaning.next[byte] = found;
    remembered++;
  }
  return found;
}

function build(meaning: ValueMeaning, byte: number, shared: boolean): ValueMeaning {
  const [fields, table] = lookUp(meaning, byte);
  return new ValueMeaning(fields, table, shared);
}

function lookUp(meaning: ValueMeaning, byte: number): [MeaningFields, NextTable] {
  const code = byte & 0x7f;
  switch (meaning.table) {
    case "primary":
      if (byte === 0xfb) return [meaning, "fb"];
      if (byte === 0xfd) return [meaning, "fd"];
      if (code === 0x7f) return [{ ...meaning, quantity: "manufacturer_specific" }, "manufacturer"];
      return [PRIMARY[code] ?? reservedVif("", byte), "combinable"];
    case "fb":
      return [FB[code] ?? reservedVif("FB", byte), "combinable"];
    case "fd":
      if (byte === 0xfd) return [meaning, "fdfd"];
      return [FD[code] ?? reservedVif("FD", byte), "combinable"];
    case "fdfd":
      return [FD_FD[code] ?? reservedVif("FDFD", byte), "combinable"];
    case "combinable":
      if (byte === 0xfc) return [meaning, "extended"];
      if (code === 0x7f) return [withModifier(meaning, "manufacturer_specific"), "manufacturer"];
      return [COMBINABLE[code]?.(meaning) ?? withModifier(meaning, `vife_${hexOf(code)}`), "combinable"];
    case "extended":
      return [EXTENDED[code]?.(meaning) ?? withModifier(meaning, `vife_fc${hexOf(code)}`), "combinable"];
    case "manufacturer":
      // What the maker's codes mean is not known here, but they tell its values apart.
      return [withModifier(meaning, `manufacturer_${hexOf(code)}`), "manufacturer"];
  }
}

function reservedVif(table: string, byte: number): MeaningFields {
  const code = table + hexOf(byte & 0x7f).toUpperCase();
  return {
    ...NO_MEANING,
    quantity: "reserved",
    modifiers: Object.freeze([`vif_${code.toLowerCase()}`]),
    error: `Cannot interpret value: the standard reserves VIF ${code}`,
  };
}

function hexOf(code: number): string {
  return toHex(new Uint8Array([code])).toLowerCase();
}

function vifTable(name: string, rows: readonly VifRow[]): (MeaningFields | undefined)[] {
  return expandTable(name, rows, meaningOfVif);
}

function vifeTable(name: string, rows: readonly VifeRow[]): (Combine | undefined)[] {
  return expandTable(name, rows, combinationOf);
}
