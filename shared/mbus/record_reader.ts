import { DataRecord, LAYOUT } from "./data_record.ts";
import { BCD_ERROR, isInvalidInteger, readBcd, readInteger } from "./read_number.ts";
import { meaningOfPlainText, nextMeaning, noMeaning } from "./value_information.ts";
import type { ValueMeaning } from "./value_meaning.ts";

/** What a data field is by the DIF's low four bits, and how many bytes it has; -1: its first byte says. */
const FIELD_LAYOUTS = Uint8Array.of(0, 1, 1, 1, 1, 3, 1, 1, 0, 2, 2, 2, 2, 0, 2, 0);
const FIELD_LENGTHS = Int8Array.of(0, 1, 2, 3, 4, 4, 6, 8, 0, 1, 2, 3, 4, -1, 6, 0);
const BCD_FIELD = 2;

const INVALID = "Cannot state value: the meter marks it invalid (80…00)";
const NOT_DECIMAL = "Cannot state value: its BCD has digits that are no decimal digits";
const TYPE_M = "Cannot interpret value: the date type M (of variable length) is not built in";
const NO_TIME = "Cannot state value: its data field is none of the types of a date or time";

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
  private offset = 0;
  private vib = 0;
  private field = 0;
  private dif = 0;
  private storageNumber = 0;
  private tariff = 0;
  private subunit = 0;
  private meaning: ValueMeaning = noMeaning();
  private problem: string | null = null;

  /**
   * @param bytes the telegram.
   * @param end behind the last byte of the records.
   * @param mostSignificantFirst whether data fields are the other way round.
   * @param unsigned whether integers of type B are never negative.
   */
  constructor(
    readonly bytes: Uint8Array,
    readonly end: number,
    private readonly mostSignificantFirst: boolean,
    private readonly unsigned: boolean,
  ) {
    this.ordered = mostSignificantFirst ? bytes.slice() : bytes;
  }

  /** Reads the record that begins at `at` with this DIF, and moves behind it. */
  read(dif: number): DataRecord {
    this.offset = this.at;
    this.dif = dif;
    this.problem = null;
    this.storageNumber = this.tariff = this.subunit = 0;
    this.meaning = noMeaning();
    this.at++;
    if (!this.readDib()) return this.cut("data information block");
    this.vib = this.at;
    if (!this.readVib()) return this.cut("value information block");
    this.field = this.at;
    const length = FIELD_LENGTHS[dif & 0x0f] as number;
    if (length < 0) return this.readVariableLength();
    if (this.at + length > this.end) return this.cut("data");
    this.at += length;
    return this.fixed(this.field, length);
  }

  /** The bytes from `at` to the end as one record that nobody can read. */
  rest(problem: string): DataRecord {
    this.offset = this.vib = this.field = this.at;
    this.dif = 0;
    this.storageNumber = this.tariff = this.subunit = 0;
    this.meaning = noMeaning();
    this.problem = problem;
    this.at = this.end;
    return this.record(this.field, LAYOUT.bytes, 0);
  }

  /** EN 13757-3: bit 6 of the DIF and four bits of each DIFE are the storage number, least significant first. */
  private readDib(): boolean {
    let storageNumber = this.dif >> 6 & 1;
    let tariff = 0;
    let subunit = 0;
    let byte = this.dif;
    // The storage number has up to 41 bits, more than shift operators can do.
    let weight = 2;
    for (let count = 0; (byte & 0x80) !== 0; count++) {
      if (this.at >= this.end) return false;
      byte = this.bytes[this.at++] as number;
      if (count >= 10) {
        this.problem = "Cannot interpret value: it has more than 10 DIFEs";
        continue;
      }
      storageNumber += (byte & 0x0f) * weight;
      tariff |= (byte >> 4 & 3) << 2 * count;
      subunit |= (byte >> 6 & 1) << count;
      weight *= 16;
    }
    this.storageNumber = storageNumber;
    this.tariff = tariff;
    this.subunit = subunit;
    return true;
  }

  private readVib(): boolean {
    const { bytes, end } = this;
    if (this.at >= end) return false;
    let byte = bytes[this.at++] as number;
    if ((byte & 0x7f) === 0x7c) return this.readPlainTextVib(byte);
    let meaning = nextMeaning(this.meaning, byte);
    let count = 0;
    while ((byte & 0x80) !== 0) {
      if (this.at >= end) return false;
      byte = bytes[this.at++] as number;
      if (++count <= 10) meaning = nextMeaning(meaning, byte);
      else this.problem = "Cannot interpret value: it has more than 10 VIFEs";
    }
    this.meaning = meaning;
    return true;
  }

  /** In real meters length and reversed text stand directly behind VIF 7C or FC, and VIFEs behind the text. */
  private readPlainTextVib(vif: number): boolean {
    let unit = "";
    if (vif === 0xfc) this.ambiguous = true;
    const textLast = vif === 0xfc && this.plainTextLast;
    if (!textLast) {
      const text = this.readUnit();
      if (text === null) return false;
      unit = text;
    }
    const vifes = this.at;
    let byte = vif;
    while ((byte & 0x80) !== 0) {
      if (this.at >= this.end) return false;
      byte = this.bytes[this.at++] as number;
    }
    const vifesEnd = this.at;
    if (textLast) {
      const text = this.readUnit();
      if (text === null) return false;
      unit = text;
    }
    this.meaning = meaningOfPlainText(unit);
    for (let at = vifes; at < vifesEnd && at < vifes + 10; at++) {
      this.meaning = nextMeaning(this.meaning, this.bytes[at] as number);
    }
    if (vifesEnd - vifes > 10) this.problem = "Cannot interpret value: it has more than 10 VIFEs";
    return true;
  }

  private readUnit(): string | null {
    if (this.at >= this.end) return null;
    const start = this.at + 1;
    const after = start + (this.bytes[this.at] as number);
    if (after > this.end) return null;
    this.at = after;
    let text = "";
    for (let i = after - 1; i >= start; i--) {
      const code = this.bytes[i] as number;
      // Control characters would break keys, tables and databases.
      if (code >= 0x20) text += String.fromCharCode(code);
    }
    return text;
  }

  /** A field whose length the DIF tells. */
  private fixed(data: number, length: number): DataRecord {
    if (this.mostSignificantFirst) this.ordered.subarray(data, data + length).reverse();
    const { type } = this.meaning;
    if (length === 0) return this.record(data, LAYOUT.nothing, 0);
    if (type === "time") return this.localTime(data);
    if (type === "bytes") return this.record(data, LAYOUT.bytes, 0);
    const layout = FIELD_LAYOUTS[this.dif & 0x0f] as number;
    if (layout === BCD_FIELD) return this.bcd(data, length, false);
    if (layout === LAYOUT.float32) return this.record(data, LAYOUT.float32, 0);
    return this.integer(data, length);
  }

  /** LVAR: the first byte of the field says what the others are, and how many (EN 13757-3, table "LVAR"). */
  private readVariableLength(): DataRecord {
    if (this.at >= this.end) return this.cut("data");
    const lvar = this.bytes[this.at++] as number;
    const length = lengthOfLvar(lvar);
    if (length < 0) {
      // How many bytes a reserved code announces is not known.
      const code = lvar.toString(16).toUpperCase();
      this.problem = `Cannot read record: the standard reserves the length byte ${code}`;
      this.undecoded = this.problem;
      const data = this.at;
      this.at = this.end;
      return this.record(data, LAYOUT.bytes, 0);
    }
    const data = this.at;
    if (data + length > this.end) return this.cut("data");
    this.at += length;
    if (this.mostSignificantFirst) this.ordered.subarray(data, data + length).reverse();
    if (lvar <= 0xbf) {
      return this.record(data, this.meaning.type === "bytes" ? LAYOUT.bytes : LAYOUT.text, 0);
    }
    if (lvar <= 0xc9 || lvar >= 0xd0 && lvar <= 0xd9) return this.bcd(data, length, lvar >= 0xd0);
    if (lvar === 0xf8) return this.record(data, LAYOUT.float64, 0);
    if (lvar >= 0xf0 || this.meaning.type === "bytes") return this.record(data, LAYOUT.bytes, 0);
    if (this.meaning.type === "time") {
      // Type M has lengths of type I's too, but is none.
      this.problem ??= TYPE_M;
      return this.record(data, LAYOUT.bytes, 0);
    }
    if (length === 0) return this.record(data, LAYOUT.nothing, 0);
    return this.integer(data, length);
  }

  private integer(data: number, width: number): DataRecord {
    const unsigned = this.unsigned || this.meaning.type === "unsigned";
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
    const code = this.dif & 0x0f;
    const layout = code === 2
      ? LAYOUT.dateG
      : code === 3
      ? LAYOUT.timeJ
      : code === 4
      ? LAYOUT.dateTimeF
      : code === 6
      ? LAYOUT.dateTimeI
      : LAYOUT.bytes;
    if (layout === LAYOUT.bytes) this.problem ??= NO_TIME;
    return this.record(data, layout, 0);
  }

  private cut(part: string): DataRecord {
    const problem = `Cannot read record: the telegram ends within its ${part} (record begins at offset ${this.offset})`;
    this.truncated = problem;
    this.problem = problem;
    this.meaning = noMeaning();
    this.storageNumber = this.tariff = this.subunit = 0;
    this.vib = this.field = this.offset;
    this.at = this.end;
    return this.record(this.offset, LAYOUT.bytes, 0);
  }

  private record(data: number, layout: number, coefficient: number | bigint): DataRecord {
    return new DataRecord(
      this.bytes,
      this.ordered,
      this.offset,
      this.vib,
      this.field,
      data,
      this.at,
      this.dif,
      this.storageNumber,
      this.tariff,
      this.subunit,
      this.meaning,
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
