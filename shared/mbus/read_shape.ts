import { RecordShape } from "./record_shape.ts";
import { meaningOfPlainText, nextMeaning, noMeaning } from "./value_information.ts";
import type { ValueMeaning } from "./value_meaning.ts";

/** The block within which the bytes end. */
export type CutBlock = "data information block" | "value information block";

const MOST_EXTENSIONS = 10;
const TOO_MANY_DIFES = "Cannot interpret value: it has more than 10 DIFEs";
const TOO_MANY_VIFES = "Cannot interpret value: it has more than 10 VIFEs";

/**
 * Reads the DIB and the VIB that begin at `start` (EN 13757-3, clauses 6.3 and 6.4).
 *
 * @param end behind the last byte that may belong to them.
 * @param plainTextLast read a plain-text unit behind the VIFEs instead of directly behind VIF FC.
 * @returns the block within which the bytes end, where they do.
 */
export function readShape(
  bytes: Uint8Array,
  start: number,
  end: number,
  plainTextLast: boolean,
): RecordShape | CutBlock {
  const dif = bytes[start] as number;
  // Bit 6 of the DIF and four bits of each DIFE are the storage number, least significant first: up to 41 bits, more
  // than shift operators can do.
  let storageNumber = dif >> 6 & 1;
  let weight = 2;
  let tariff = 0;
  let subunit = 0;
  let vib = start + 1;
  for (let byte = dif, count = 0; (byte & 0x80) !== 0; count++) {
    if (vib >= end) return "data information block";
    byte = bytes[vib++] as number;
    if (count >= MOST_EXTENSIONS) continue;
    storageNumber += (byte & 0x0f) * weight;
    tariff |= (byte >> 4 & 3) << 2 * count;
    subunit |= (byte >> 6 & 1) << count;
    weight *= 16;
  }
  const value = readVib(bytes, vib, end, plainTextLast);
  if (value === null) return "value information block";
  const tooMany = vib - start > 1 + MOST_EXTENSIONS ? TOO_MANY_DIFES : null;
  const problem = value.vifes > MOST_EXTENSIONS ? TOO_MANY_VIFES : tooMany;
  const ambiguous = bytes[vib] === PLAIN_TEXT_WITH_VIFES;
  return new RecordShape(
    bytes,
    start,
    vib,
    value.end,
    dif,
    storageNumber,
    tariff,
    subunit,
    value.meaning,
    problem,
    ambiguous,
  );
}

/** What a value information block says, and where it ends; `vifes` are the bytes behind the VIF. */
interface ReadVib {
  meaning: ValueMeaning;
  vifes: number;
  end: number;
}

const PLAIN_TEXT = 0x7c;
const PLAIN_TEXT_WITH_VIFES = 0xfc;

function readVib(bytes: Uint8Array, start: number, end: number, plainTextLast: boolean): ReadVib | null {
  if (start >= end) return null;
  const vif = bytes[start] as number;
  if ((vif & 0x7f) === PLAIN_TEXT) return readPlainTextVib(bytes, start, end, plainTextLast);
  const vibEnd = endOfExtensions(bytes, start, end);
  if (vibEnd < 0) return null;
  const vifes = vibEnd - start - 1;
  const meaning = meaningAlong(noMeaning(), bytes, start, start + 1 + Math.min(vifes, MOST_EXTENSIONS));
  return { meaning, vifes, end: vibEnd };
}

/** In real meters length and reversed text stand directly behind VIF 7C or FC, and VIFEs behind the text. */
function readPlainTextVib(bytes: Uint8Array, start: number, end: number, plainTextLast: boolean): ReadVib | null {
  const textLast = plainTextLast && bytes[start] === PLAIN_TEXT_WITH_VIFES;
  const textFirst = textLast ? start + 1 : endOfUnit(bytes, start + 1, end);
  if (textFirst < 0) return null;
  const vifesEnd = bytes[start] === PLAIN_TEXT ? textFirst : endOfExtensions(bytes, textFirst, end);
  if (vifesEnd < 0) return null;
  const vibEnd = textLast ? endOfUnit(bytes, vifesEnd, end) : vifesEnd;
  if (vibEnd < 0) return null;
  const unit = textLast ? unitText(bytes, vifesEnd + 1, vibEnd) : unitText(bytes, start + 2, textFirst);
  const vifes = vifesEnd - textFirst;
  const known = textFirst + Math.min(vifes, MOST_EXTENSIONS);
  return { meaning: meaningAlong(meaningOfPlainText(unit), bytes, textFirst, known), vifes, end: vibEnd };
}

function meaningAlong(meaning: ValueMeaning, bytes: Uint8Array, from: number, to: number): ValueMeaning {
  for (let at = from; at < to; at++) meaning = nextMeaning(meaning, bytes[at] as number);
  return meaning;
}

/** Behind the byte, at or after `at`, whose extension bit is not set; -1 where the bytes end before. */
function endOfExtensions(bytes: Uint8Array, at: number, end: number): number {
  while (at < end) if (((bytes[at++] as number) & 0x80) === 0) return at;
  return -1;
}

function endOfUnit(bytes: Uint8Array, at: number, end: number): number {
  if (at >= end) return -1;
  const after = at + 1 + (bytes[at] as number);
  return after > end ? -1 : after;
}

function unitText(bytes: Uint8Array, from: number, to: number): string {
  let text = "";
  for (let i = to - 1; i >= from; i--) {
    const code = bytes[i] as number;
    // Control characters would break keys, tables and databases.
    if (code >= 0x20) text += String.fromCharCode(code);
  }
  return text;
}
