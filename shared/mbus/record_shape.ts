import { FUNCTIONS, type ValueFunction } from "./data_field_kind.ts";
import { toHex } from "./hex.ts";
import type { RecordJsonParts } from "./record_json.ts";
import type { ValueMeaning } from "./value_meaning.ts";

/** How many data bytes belong to a DIF's low four bits; -1: the first byte of the data says. */
const FIELD_LENGTHS = Int8Array.of(0, 1, 2, 3, 4, 4, 6, 8, 0, 1, 2, 3, 4, -1, 6, 0);

/** What the bytes before a record's data say, whatever the data is; records that begin alike share one. */
export class RecordShape {
  /** The data information block (DIF and DIFEs) as hex. */
  readonly dib: string;
  /** The value information block (VIF, VIFEs and a plain-text unit) as hex. */
  readonly vib: string;
  /** How many bytes the data information block has. */
  readonly dibLength: number;
  /** How many bytes both blocks have. */
  readonly length: number;
  /** The DIF's low four bits. */
  readonly field: number;
  /** How many data bytes follow; -1: the first byte of the data says. */
  readonly dataLength: number;
  /** Instantaneous, maximum, minimum, or measured during an error state. */
  readonly function: ValueFunction;
  /** The address of the value within its meter, see `DataRecord.key`. */
  readonly key: string;
  /** Parts of the record's JSON text; made when they are needed for the first time. */
  json: RecordJsonParts | null = null;

  /**
   * @param bytes where both blocks stand: from `start`, the value information block from `vib`, until `end`.
   * @param problem why records of this shape have no value, whatever their data; finishes "Cannot …".
   * @param ambiguous whether a plain-text unit with VIFEs is among the bytes, which some meters order otherwise.
   */
  constructor(
    bytes: Uint8Array,
    start: number,
    vib: number,
    end: number,
    dif: number,
    /** 0 is the present value. */
    readonly storageNumber: number,
    /** 0 is the total. */
    readonly tariff: number,
    /** 0 is the meter itself. */
    readonly subunit: number,
    /** What the value information block says. */
    readonly meaning: ValueMeaning,
    readonly problem: string | null,
    readonly ambiguous: boolean,
  ) {
    this.dib = toHex(bytes, start, vib);
    this.vib = toHex(bytes, vib, end);
    this.dibLength = vib - start;
    this.length = end - start;
    this.field = dif & 0x0f;
    this.dataLength = FIELD_LENGTHS[this.field] as number;
    this.function = FUNCTIONS[dif >> 4 & 3] as ValueFunction;
    const { quantity, unit, modifiers } = meaning;
    const key = `${quantity}:${unit}:${this.function}:s${storageNumber}:t${tariff}:u${subunit}`;
    this.key = modifiers.length === 0 ? key : `${key}:${modifiers.join(",")}`;
  }
}
