import type { ValueFunction } from "./data_field_kind.ts";
import { addDecimals, type Decimal, decimalOfFloat, decimalText, multiplyExact } from "./decimal.ts";
import type { JsonText } from "./json_text.ts";
import { dateG, dateTimeF, dateTimeI, HUNDRED_YEARS_FROM, type LocalDateTime, timeJ } from "./local_date_time.ts";
import { type DataRecordJson, KINDS, LAYOUT, type RecordPlace, type ValueKind } from "./record_layout.ts";
import { readFloat } from "./read_number.ts";
import { jsonPartsOf, jsonTail } from "./record_json.ts";
import type { RecordShape } from "./record_shape.ts";
import type { TelegramBytes } from "./telegram_bytes.ts";

export type { ValueKind } from "./record_layout.ts";

const NULL = Uint8Array.of(0x6e, 0x75, 0x6c, 0x6c);

/**
 * One value of a telegram and all that the meter says about it. Texts are made when they are asked for, from the bytes
 * that were handed to the decoder: those must not be overwritten as long as the record is used.
 */
export class DataRecord {
  /**
   * What the reader of records found at one place.
   *
   * @param source the telegram.
   * @param shape what the blocks before the data say.
   * @param layout one of {@linkcode LAYOUT}.
   * @param coefficient the register's integer, where the layout is `integer`.
   * @param problem why there is no value; finishes "Cannot …".
   */
  constructor(
    private readonly source: TelegramBytes,
    /** Where the record begins in its telegram, counted from 0. */
    readonly offset: number,
    private readonly dataStart: number,
    /** Behind the record's last byte. */
    readonly end: number,
    private readonly shape: RecordShape,
    private readonly layout: number,
    private readonly coefficient: number | bigint,
    private readonly problem: string | null,
  ) {}

  /** The data as a date or time, read once. */
  private localDateTime: LocalDateTime | null = null;

  /** 0 is the present value; others are stored ones. */
  get storageNumber(): number {
    return this.shape.storageNumber;
  }

  /** 0 is the total. */
  get tariff(): number {
    return this.shape.tariff;
  }

  /** 0 is the meter itself. */
  get subunit(): number {
    return this.shape.subunit;
  }

  /** The data information block (DIF and DIFEs) as hex. */
  get dib(): string {
    return this.shape.dib;
  }

  /** The value information block (VIF, VIFEs and a plain-text unit) as hex. */
  get vib(): string {
    return this.shape.vib;
  }

  /** The data as hex in wire order, without the length byte of variable-length data. */
  get data(): string {
    return this.source.hex(this.dataStart, this.end);
  }

  /** Where the record's parts lie in its telegram. */
  get place(): RecordPlace {
    const { offset, shape, dataStart, end } = this;
    return { offset, vib: offset + shape.dibLength, field: offset + shape.length, data: dataStart, end };
  }

  /** Instantaneous, maximum, minimum, or measured during an error state (then it is no reading). */
  get function(): ValueFunction {
    return this.shape.function;
  }

  /** Stable name of what is measured, from the tables in `vif_tables.ts`. */
  get quantity(): string {
    return this.shape.meaning.quantity;
  }

  /** Symbol of the base unit, "" where there is none. */
  get unit(): string {
    return this.shape.meaning.unit;
  }

  /** Names that separate this value from others of its quantity, in wire order. */
  get modifiers(): readonly string[] {
    return this.shape.meaning.modifiers;
  }

  /** How `value` is to be read. */
  get kind(): ValueKind {
    return KINDS[this.layout] as ValueKind;
  }

  /** The exact number in the base unit; null for other kinds and where the meter says that there is none. */
  get decimal(): Decimal | null {
    const { meaning } = this.shape;
    if (this.problem !== null || meaning.error !== null) return null;
    let coefficient: number | bigint;
    let exponent = meaning.exponent;
    if (this.layout === LAYOUT.integer) coefficient = this.coefficient;
    else if (this.layout === LAYOUT.float32 || this.layout === LAYOUT.float64) {
      const float = this.float();
      if (!Number.isFinite(float)) return null;
      const decimal = decimalOfFloat(float);
      coefficient = decimal.coefficient;
      exponent += decimal.exponent;
    } else return null;
    if (meaning.factor !== 1) coefficient = multiplyExact(coefficient, meaning.factor);
    const scaled = { coefficient, exponent };
    return meaning.offset === null ? scaled : addDecimals(scaled, meaning.offset);
  }

  /** An exact decimal, local ISO 8601 without zone, a text, hex, or null where there is none. */
  get value(): string | null {
    const { meaning } = this.shape;
    // Most values are this: they need no decimal in between.
    if (this.layout === LAYOUT.integer && meaning.plain && this.problem === null) {
      return decimalText(this.coefficient, meaning.exponent);
    }
    if (this.problem !== null || meaning.error !== null) return null;
    switch (this.layout) {
      case LAYOUT.text:
        return this.text();
      case LAYOUT.bytes:
        return this.data;
      case LAYOUT.dateG:
      case LAYOUT.dateTimeF:
      case LAYOUT.dateTimeI:
      case LAYOUT.timeJ:
      case LAYOUT.dateTimeFFrom1800:
        return this.localTime().text;
      default:
        break;
    }
    const decimal = this.decimal;
    return decimal === null ? null : decimalText(decimal.coefficient, decimal.exponent);
  }

  /** Why there is no value where there should be one; finishes "Cannot …". */
  get error(): string | null {
    const error = this.problem ?? this.shape.meaning.error;
    if (error !== null || this.layout === LAYOUT.integer) return error;
    if (this.layout >= LAYOUT.dateG) return this.localTime().error;
    if ((this.layout === LAYOUT.float32 || this.layout === LAYOUT.float64) && !Number.isFinite(this.float())) {
      return "Cannot state value: the floating point number is not finite";
    }
    return null;
  }

  /** Whether the meter says that its clock was on summer time; null where the record does not say. */
  get summerTime(): boolean | null {
    return this.layout >= LAYOUT.dateG ? this.localTime().summerTime : null;
  }

  /**
   * The stable address of the value within its meter, which survives a reordering of the records:
   * `quantity:unit:function:sN:tN:uN`, with storage number, tariff and subunit, and `:modifier,modifier` where there are
   * modifiers. "energy:Wh:instantaneous:s0:t0:u0" is the present total.
   */
  get key(): string {
    return this.shape.key;
  }

  /** The record as it appears in JSON. */
  toJSON(): DataRecordJson {
    const { key, offset, dib, vib, data, storageNumber, tariff, subunit, quantity, unit } = this;
    const { value, kind, modifiers, error } = this;
    const base = { key, dib, vib, data, function: this.function, storageNumber, tariff, subunit };
    return { ...base, quantity, unit, value, kind, modifiers, error, offset };
  }

  /** Adds what `JSON.stringify(record)` gives, without making strings of what is bytes or digits. */
  writeJson(json: JsonText): void {
    const { shape, layout } = this;
    if (this.error !== null) return json.rawText(JSON.stringify(this));
    const { head, middle, tails } = jsonPartsOf(shape);
    json.raw(head);
    json.hex(this.source.wire, this.dataStart, this.end);
    json.raw(middle);
    this.writeValue(json);
    json.raw(tails[layout] ??= jsonTail(this.kind, shape.meaning.modifiers));
    json.integer(this.offset);
    json.character(0x7d);
  }

  /** Adds the value as it appears in JSON. */
  private writeValue(json: JsonText): void {
    const { factor, exponent, offset } = this.shape.meaning;
    if (this.layout === LAYOUT.integer && offset === null) {
      const coefficient = factor === 1 ? this.coefficient : multiplyExact(this.coefficient, factor);
      if (typeof coefficient === "number") {
        json.character(0x22);
        json.decimal(coefficient, exponent);
        return json.character(0x22);
      }
    }
    const value = this.value;
    if (value === null) json.raw(NULL);
    else json.latin1(value);
  }

  /** The data as a binary floating point number. */
  private float(): number {
    return readFloat(this.source.ordered, this.dataStart, this.layout === LAYOUT.float32 ? 4 : 8);
  }

  /** Latin-1, last character first. NUL is padding, and no text that a database takes. */
  private text(): string {
    let text = "";
    for (let i = this.end - 1; i >= this.dataStart; i--) {
      const code = this.source.ordered[i] as number;
      if (code !== 0) text += String.fromCharCode(code);
    }
    return text;
  }

  /** The data as a date or time. */
  private localTime(): LocalDateTime {
    return this.localDateTime ??= readLocalTime(this.layout, this.source.ordered, this.dataStart);
  }
}

function readLocalTime(layout: number, bytes: Uint8Array, at: number): LocalDateTime {
  switch (layout) {
    case LAYOUT.dateG:
      return dateG(bytes, at);
    case LAYOUT.dateTimeF:
      return dateTimeF(bytes, at);
    case LAYOUT.dateTimeFFrom1800:
      return dateTimeF(bytes, at, HUNDRED_YEARS_FROM - 100);
    case LAYOUT.dateTimeI:
      return dateTimeI(bytes, at);
    default:
      return timeJ(bytes, at);
  }
}
