/** One part of a secondary address that a scan can go through value by value, where it is not yet fixed. */
export interface Dimension {
  /** Whether it is in the record that enhanced selection adds. */
  isEnhanced: boolean;
  /** Whether this mask leaves it open. */
  isOpen(mask: string): boolean;
  /** The masks that fix it, each to another value. */
  children(mask: string): string[];
}

const DECIMAL = "0123456789";
/** F stands for any digit, so no F can be asked for. */
const HEX = "0123456789ABCDE";
/** FF stands for any byte. */
const BYTES = Array.from({ length: 255 }, (_, value) => value.toString(16).toUpperCase().padStart(2, "0"));

/** Everything: the beginning of each scan. */
export const ANYBODY = "F".repeat(16);
/** Digits that no fabrication number has: whoever is selected by them does not look at it. */
export const NO_FABRICATION_NUMBER = "EEEEEEEE";
const ANY_FABRICATION_NUMBER = "FFFFFFFF";

/** Where the parts lie in the sixteen digits, and in the eight behind the stroke. */
const FABRICATION = 17;
const TYPE = { at: 14, length: 2 };
const VERSION = { at: 12, length: 2 };
const MANUFACTURER = { at: 8, length: 4 };
const MANUFACTURER_LOW = { at: 8, length: 2 };
const MANUFACTURER_HIGH = { at: 10, length: 2 };

/**
 * The order in which a scan fixes what several meters share. The first digit of the number comes first: meters that were
 * bought together have numbers in a row, and so the last digits, which cost most, are asked for where few are missing. The parts that take hundreds of requests come when all
 * digits are the same, and the fabrication number when the whole address is.
 *
 * @param digits those that a number may have: `decimal` as the standard wants it, or `hex` as some makers do.
 */
export function dimensions(digits: "decimal" | "hex"): readonly Dimension[] {
  return digits === "decimal" ? IN_DECIMAL : IN_HEX;
}

/** The masks that between them select every meter whose number has a digit from A to E. */
export function hexNumbers(): string[] {
  return [..."01234567"].flatMap((at) => [..."ABCDE"].map((digit) => fixed(ANYBODY, Number(at), digit)));
}

const [IN_DECIMAL, IN_HEX] = [DECIMAL, HEX].map((digits): Dimension[] => [
  ...[0, 1, 2, 3, 4, 5, 6, 7].map((at) => digit(at, digits)),
  part(TYPE, BYTES),
  part(VERSION, BYTES),
  part(MANUFACTURER_HIGH, BYTES),
  // Where no meter takes half a manufacturer, there is nothing below its first half.
  {
    ...part(MANUFACTURER_LOW, BYTES),
    isOpen: (mask) => isOpen(mask, MANUFACTURER_LOW) && !isOpen(mask, MANUFACTURER_HIGH),
  },
  part(MANUFACTURER, commonManufacturers()),
  ...[0, 1, 2, 3, 4, 5, 6, 7].map((at): Dimension => ({
    isEnhanced: true,
    isOpen: (mask) => mask.length === 16 || mask[FABRICATION + at] === "F",
    children: (mask) => {
      const whole = mask.length === 16 ? `${mask}/${ANY_FABRICATION_NUMBER}` : mask;
      return [...DECIMAL].map((value) => fixed(whole, FABRICATION + at, value));
    },
  })),
]) as [Dimension[], Dimension[]];

function digit(at: number, digits: string): Dimension {
  return {
    isEnhanced: false,
    isOpen: (mask) => mask[at] === "F",
    children: (mask) => [...digits].map((value) => fixed(mask, at, value)),
  };
}

interface Part {
  at: number;
  length: number;
}

function part(place: Part, values: readonly string[]): Dimension {
  return {
    isEnhanced: false,
    isOpen: (mask) => isOpen(mask, place),
    children: (mask) => values.map((value) => fixed(mask, place.at, value)),
  };
}

function isOpen(mask: string, { at, length }: Part): boolean {
  return mask.slice(at, at + length) === "F".repeat(length);
}

function fixed(mask: string, at: number, value: string): string {
  return mask.slice(0, at) + value + mask.slice(at + value.length);
}

/** Makers of wired meters in Europe, for meters that only take a manufacturer as a whole. */
function commonManufacturers(): string[] {
  const letters =
    "ABB ACW AMT APT BMT CAR DME EFE ELS ELV EMH EMU ESY FIN GAV GMC GWF HYD INV ITW JAN KAM LGB LGZ LSE " +
    "LUG MAD NZR PAD QDS REL SBC SCW SEN SIE SLB SON SPX SVM TCH TIP WEH ZRI ZRM";
  return letters.split(" ").map((name) => {
    const code = [...name].reduce((sum, letter) => sum * 32 + letter.charCodeAt(0) - 64, 0);
    return Uint8Array.of(code & 0xff, code >> 8).toHex().toUpperCase();
  });
}
