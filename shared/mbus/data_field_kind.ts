/**
 * The data field codes of a DIF's low four bits (EN 13757-3, table "Coding of the data field"): code, name, bytes.
 * -1: the length is in the data (LVAR). Code 1111 stands for special functions and is no data field.
 */
export const DATA_FIELDS = [
  [0x0, "none", 0],
  [0x1, "int8", 1],
  [0x2, "int16", 2],
  [0x3, "int24", 3],
  [0x4, "int32", 4],
  [0x5, "float32", 4],
  [0x6, "int48", 6],
  [0x7, "int64", 8],
  [0x8, "selection", 0],
  [0x9, "bcd2", 1],
  [0xa, "bcd4", 2],
  [0xb, "bcd6", 3],
  [0xc, "bcd8", 4],
  [0xd, "lvar", -1],
  [0xe, "bcd12", 6],
] as const;

/** The functions of a DIF's bits 4 and 5 (EN 13757-3, table "Function field"), by their code. */
export const FUNCTIONS: readonly ValueFunction[] = ["instantaneous", "maximum", "minimum", "error"];

/** What a value is: the present one, a maximum, a minimum, or one that was measured during an error state. */
export type ValueFunction = "instantaneous" | "maximum" | "minimum" | "error";
