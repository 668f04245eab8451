import type { Decimal } from "./decimal.ts";
import type { DataType } from "./vif_tables.ts";

/** Everything that a value information block says about a number, apart from the bytes themselves. */
export interface MeaningFields {
  /** Stable name of what is measured. */
  quantity: string;
  /** Symbol of the unit of the value, "" where it has none. */
  unit: string;
  /** The register's integer is multiplied by this positive integer … */
  factor: number;
  /** … and by ten to this power, … */
  exponent: number;
  /** … and then this is added (VIFEs 78 to 7B). */
  offset: Decimal | null;
  /** How the data is to be read. */
  type: DataType;
  /** What else separates this value from others, in the order of the VIFEs. */
  modifiers: readonly string[];
  /** Why there is no value although the data is there; finishes "Cannot …". */
  error: string | null;
}

/** Which table the next byte of the block is looked up in. */
export type NextTable = "primary" | "fb" | "fd" | "fdfd" | "combinable" | "extended" | "manufacturer";

/**
 * The meaning of a value information block, read so far; blocks that begin alike share the objects, and the next byte
 * leads on through `next`. So a known block costs one array look-up a byte, however much it changes the value.
 */
export class ValueMeaning implements MeaningFields {
  readonly quantity: string;
  readonly unit: string;
  readonly factor: number;
  readonly exponent: number;
  readonly offset: Decimal | null;
  readonly type: DataType;
  readonly modifiers: readonly string[];
  readonly error: string | null;
  /** Whether the value is the register times a power of ten and nothing else, as most are. */
  readonly plain: boolean;
  /** The meanings behind each next byte (0 to 255), as far as they have been met. */
  next: (ValueMeaning | undefined)[] | null = null;

  /**
   * @param table where the next byte belongs.
   * @param shared whether `next` may be filled: this object itself can be reached from the root.
   */
  constructor(fields: MeaningFields, readonly table: NextTable, readonly shared: boolean) {
    this.quantity = fields.quantity;
    this.unit = fields.unit;
    this.factor = fields.factor;
    this.exponent = fields.exponent;
    this.offset = fields.offset;
    this.type = fields.type;
    this.modifiers = fields.modifiers;
    this.error = fields.error;
    this.plain = fields.error === null && fields.factor === 1 && fields.offset === null;
  }
}

/** The fields of a meaning that says nothing yet. */
export const NO_MEANING: MeaningFields = Object.freeze({
  quantity: "unknown",
  unit: "",
  factor: 1,
  exponent: 0,
  offset: null,
  type: "signed",
  modifiers: Object.freeze([]),
  error: null,
});
