/** One code that a bit pattern stands for, with the numbers that its letters have there. */
export interface PatternCode {
  /** 0 to 127: the extension bit is not part of a code. */
  code: number;
  /** Whether the pattern has this letter. */
  has(name: string): boolean;
  /** The value of a letter's bits, most significant first; 0 for a letter that the pattern does not have. */
  letter(name: string): number;
}

/**
 * All codes of a bit pattern as the standard prints it: "E001 0nnn" are the codes 0x10 to 0x17 with n from 0 to 7. "E"
 * is the extension bit; every other letter stands for bits of a number of its own, by the letter's name.
 *
 * @throws {Error} when the pattern is not "E" and seven more digits and letters: a mistake in a table.
 */
export function expandBitPattern(pattern: string): PatternCode[] {
  const bits = pattern.replaceAll(" ", "");
  if (!/^E[01a-z]{7}$/.test(bits)) throw new Error(`Cannot expand bit pattern "${pattern}": expected E and seven bits`);
  const open = [...bits].flatMap((bit, place) => bit >= "a" ? [{ letter: bit, weight: 1 << 7 - place }] : []);
  const fixed = [...bits].reduce((code, bit, place) => bit === "1" ? code | 1 << 7 - place : code, 0);
  return Array.from({ length: 1 << open.length }, (_, choice) => {
    const letters = new Map<string, number>();
    let code = fixed;
    open.forEach(({ letter, weight }, place) => {
      const bit = choice >> open.length - 1 - place & 1;
      letters.set(letter, (letters.get(letter) ?? 0) << 1 | bit);
      if (bit === 1) code |= weight;
    });
    return { code, has: (name: string) => letters.has(name), letter: (name: string) => letters.get(name) ?? 0 };
  });
}

/**
 * A table of 128 codes out of rows of bit patterns; undefined where no row has the code.
 *
 * @param build makes the entry of one code.
 * @throws {Error} when two rows claim one code.
 */
export function expandTable<Row extends readonly [string, ...unknown[]], Entry>(
  name: string,
  rows: readonly Row[],
  build: (row: Row, code: PatternCode) => Entry,
): (Entry | undefined)[] {
  const table = new Array<Entry | undefined>(128).fill(undefined);
  for (const row of rows) {
    for (const code of expandBitPattern(row[0])) {
      if (table[code.code] !== undefined) {
        throw new Error(`Cannot expand table ${name}: "${row[0]}" claims code ${code.code}, which another row has`);
      }
      table[code.code] = build(row, code);
    }
  }
  return table;
}
