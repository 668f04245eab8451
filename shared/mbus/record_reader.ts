import { DataRecord } from "./data_record.ts";
import type { MeterHabits } from "./profiles/profile.ts";
import { LAYOUT } from "./record_layout.ts";
import { BCD_ERROR, isInvalidInteger, readBcd, readInteger } from "./read_number.ts";
import { readShape } from "./read_shape.ts";
import { RecordShape } from "./record_shape.ts";
import { shapeAt } from "./shape_cache.ts";
import { TelegramBytes } from "./telegram_bytes.ts";
import { noMeaning } from "./value_information.ts";

/** What a data field is by the DIF's low four bits. */
const FIELD_LAYOUTS = Uint8Array.of(0, 1, 1, 1, 1, 3, 1, 1, 0, 2, 2, 2, 2, 0, 2, 0);
const BCD_FIELD = 2;

const INVALID = "Cannot state value: the meter marks it invalid (80…00)";
const NOT_DECIMAL = "Cannot state value: its BCD has digits that are no decimal digits";
const TYPE_M = "Cannot interpret value: the date type M (of variable length) is not built in";
const TYPE_K = "Cannot interpret value: the type K (daylight saving) is not built in";
const TYPE_L = "Cannot interpret value: the type L (listening window) is not built in";
const NO_TIME = "Cannot state value: its data field is none of the types of a date or time";

/** What bytes have in common that nobody can read. */
const UNREADABLE = new RecordShape(new Uint8Array(0), 0, 0, 0, 0, 0, 0, 0, noMeaning(), null, false);

/**
 * Reads one record after the other. It holds the record that is being read, so that the way through the bytes costs no
 * other allocation than the record itself.
 */
export class RecordReader {
  /** Where the next record begins. */
  at = 0;
  /** Whether a plain-text unit with VIFEs was met, which some meters order otherwise. */
  ambiguous = false;
  /** Read a plain-text unit behind the VIFEs instead of directly behind VIF FC. */
  plainTextLast = false;
  /** Why the bytes end within the record that was read last. */
  truncated: string | null = null;
  /** Why the record that was read last is the rest of the bytes, since its length is not known. */
  undecoded: string | null = null;

  /** The same bytes with the least significant byte of every data field first. */
  private readonly ordered: Uint8Array;
  private readonly source: TelegramBytes;
  private readonly unsigned: boolean;
  private readonly layoutOfTypeF: number;
  private offset = 0;
  private shape = UNREADABLE;
  private problem: string | null = null;

  /**
   * @param bytes the telegram.
   * @param end behind the last byte of the records.
   * @param mostSignificantFirst whether data fields are the other way round.
   */
  constructor(
    readonly bytes: Uint8Array,
    readonly end: number,
    private readonly mostSignificantFirst: boolean,
    habits: MeterHabits | undefined,
  ) {
    this.unsigned = habits?.unsigned === true;
    this.layoutOfTypeF = habits?.centuriesFrom1800 === true ? LAYOUT.dateTimeFFrom1800 : LAYOUT.dateTimeF;
    this.ordered = mostSignificantFirst ? bytes.slice() : bytes;
    this.source = new TelegramBytes(bytes, this.ordered);
  }

  /** Reads the record that begins at `at`, and moves behind it. */
  read(): DataRecord {
    const start = this.at;
    this.offset = start;
    const shape = this.plainTextLast
      ? readShape(this.bytes, start, this.end, true)
      : shapeAt(this.bytes, start, this.end);
    if (typeof shape === "string") {
      // A unit's text at the wrong place may be what does not fit.
      if (shape === "value information block") this.ambiguous = true;
      return this.cut(shape);
    }
    this.shape = shape;
    this.problem = shape.problem;
    if (shape.ambiguous) this.ambiguous = true;
    const data = start + shape.length;
    const length = shape.dataLength;
    if (length < 0) return this.readVariableLength(data);
    if (data + length > this.end) return this.cut("data");
    this.at = data + length;
    return this.fixed(data, length);
  }

  /** The bytes from `at` to the end as one record that nobody can read. */
  rest(problem: string): DataRecord {
    this.offset = this.at;
    this.shape = UNREADABLE;
    this.problem = problem;
    this.at = this.end;
    return this.record(this.offset, LAYOUT.bytes, 0);
  }

  /** A field whose length the DIF tells. */
  private fixed(data: number, length: number): DataRecord {
    if (this.mostSignificantFirst) this.ordered.subarray(data, data + length).reverse();
    const { type } = this.shape.meaning;
    if (length === 0) return this.record(data, LAYOUT.nothing, 0);
    if (type === "time") return this.localTime(data);
    if (type === "bytes") return this.record(data, LAYOUT.bytes, 0);
    if (type === "daylight_saving" || type === "listening_window") return this.notBuiltIn(data, type);
    const layout = FIELD_LAYOUTS[this.shape.field] as number;
    if (layout === BCD_FIELD) return this.bcd(data, length, false);
    if (layout === LAYOUT.float32) return this.record(data, LAYOUT.float32, 0);
    return this.integer(data, length);
  }

  /** LVAR: the first byte of the field says what the others are, and how many (EN 13757-3, table "LVAR"). */
  private readVariableLength(field: number): DataRecord {
    if (field >= this.end) return this.cut("data");
    const lvar = this.bytes[field] as number;
    const data = field + 1;
    const length = lengthOfLvar(lvar);
    if (length < 0) {
      // How many bytes a reserved code announces is not known.
      const code = lvar.toString(16).toUpperCase();
      this.problem = `Cannot read record: the standard reserves the length byte ${code}`;
      this.undecoded = this.problem;
      this.at = this.end;
      return this.record(data, LAYOUT.bytes, 0);
    }
    if (data + length > this.end) return this.cut("data");
    this.at = data + length;
    if (this.mostSignificantFirst) this.ordered.subarray(data, data + length).reverse();
    const { type } = this.shape.meaning;
    if (type === "daylight_saving" || type === "listening_window") return this.notBuiltIn(data, type);
    if (lvar <= 0xbf) return this.record(data, type === "bytes" ? LAYOUT.bytes : LAYOUT.text, 0);
    if (lvar <= 0xc9 || lvar >= 0xd0 && lvar <= 0xd9) return this.bcd(data, length, lvar >= 0xd0);
    if (lvar === 0xf8) return this.record(data, LAYOUT.float64, 0);
    if (type === "time") return this.notBuiltIn(data, type);
    if (lvar >= 0xf0 || type === "bytes") return this.record(data, LAYOUT.bytes, 0);
    if (length === 0) return this.record(data, LAYOUT.nothing, 0);
    return this.integer(data, length);
  }

  private integer(data: number, width: number): DataRecord {
    const unsigned = this.unsigned || this.shape.meaning.type === "unsigned";
    if (!unsigned && isInvalidInteger(this.ordered, data, width)) {
      this.problem ??= INVALID;
      return this.record(data, LAYOUT.noNumber, 0);
    }
    return this.record(data, LAYOUT.integer, readInteger(this.ordered, data, width, unsigned));
  }

  private bcd(data: number, width: number, negative: boolean): DataRecord {
    const value = readBcd(this.ordered, data, width);
    if (typeof value !== "string") {
      return this.record(data, LAYOUT.integer, negative && value !== 0 ? -value : value);
    }
    if (value === BCD_ERROR) this.problem ??= NOT_DECIMAL;
    return this.record(data, LAYOUT.noNumber, 0);
  }

  /** The types of annex A by the width of their data; a date as BCD or in another width is none of them. */
  private localTime(data: number): DataRecord {
    const code = this.shape.field;
    const layout = code === 2
      ? LAYOUT.dateG
      : code === 3
      ? LAYOUT.timeJ
      : code === 4
      ? this.layoutOfTypeF
      : code === 6
      ? LAYOUT.dateTimeI
      : LAYOUT.bytes;
    if (layout === LAYOUT.bytes) this.problem ??= NO_TIME;
    return this.record(data, layout, 0);
  }

  /**
   * Types of EN 13757-3, annex A, whose layout could not be read in any text at hand: K, L, and M, which has lengths of
   * the others but counts in universal time with an offset. The bytes are kept.
   */
  private notBuiltIn(data: number, type: "time" | "daylight_saving" | "listening_window"): DataRecord {
    this.problem ??= type === "time" ? TYPE_M : type === "daylight_saving" ? TYPE_K : TYPE_L;
    return this.record(data, LAYOUT.bytes, 0);
  }

  private cut(part: string): DataRecord {
    const problem = `Cannot read record: the telegram ends within its ${part} (record begins at offset ${this.offset})`;
    this.truncated = problem;
    this.at = this.offset;
    return this.rest(problem);
  }

  private record(data: number, layout: number, coefficient: number | bigint): DataRecord {
    return new DataRecord(
      this.source,
      this.offset,
      data,
      this.at,
      this.shape,
      layout,
      coefficient,
      this.problem,
    );
  }
}

/** How many bytes follow the length byte of variable-length data; -1 for reserved codes. */
function lengthOfLvar(lvar: number): number {
  if (lvar <= 0xbf) return lvar;
  if (lvar <= 0xc9) return lvar - 0xc0;
  if (lvar >= 0xd0 && lvar <= 0xd9) return lvar - 0xd0;
  if (lvar >= 0xe0 && lvar <= 0xef) return lvar - 0xe0;
  if (lvar >= 0xf0 && lvar <= 0xf4) return 4 * (lvar - 0xec);
  if (lvar === 0xf5) return 48;
  if (lvar === 0xf6) return 64;
  return lvar === 0xf8 ? 8 : -1;
}
