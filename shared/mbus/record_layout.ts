import type { ValueFunction } from "./data_field_kind.ts";

/** What kind of value a record has; says how `value` is to be read. */
export type ValueKind = "number" | "date" | "datetime" | "time" | "text" | "bytes" | "none";

/** How the data of a record is laid out. */
export const LAYOUT = {
  nothing: 0,
  integer: 1,
  noNumber: 2,
  float32: 3,
  float64: 4,
  text: 5,
  bytes: 6,
  dateG: 7,
  dateTimeF: 8,
  dateTimeI: 9,
  timeJ: 10,
  /** Type F of meters whose hundred-year bits count centuries from 1800 on. */
  dateTimeFFrom1800: 11,
} as const;

/** What kind of value each layout gives. */
export const KINDS: readonly ValueKind[] = [
  "none",
  "number",
  "number",
  "number",
  "number",
  "text",
  "bytes",
  "date",
  "datetime",
  "datetime",
  "time",
  "datetime",
];

/** Where the parts of a record lie in the bytes of its telegram. */
export interface RecordPlace {
  /** The DIF. */
  offset: number;
  /** The VIF. */
  vib: number;
  /** The first byte behind the VIB: the data, or the length byte of variable-length data. */
  field: number;
  /** The first byte of the data proper. */
  data: number;
  /** Behind the last byte. */
  end: number;
}

/** A record as it appears in JSON. */
export interface DataRecordJson {
  /** See {@linkcode DataRecord.key}. */
  key: string;
  /** The data information block as hex. */
  dib: string;
  /** The value information block as hex. */
  vib: string;
  /** The data as hex, in wire order, without the length byte of variable-length data. */
  data: string;
  /** Instantaneous, maximum, minimum, or measured during an error state. */
  function: ValueFunction;
  /** 0 is the present value. */
  storageNumber: number;
  /** 0 is the total. */
  tariff: number;
  /** 0 is the meter itself. */
  subunit: number;
  /** Stable name of what is measured. */
  quantity: string;
  /** Symbol of the base unit, "" where there is none. */
  unit: string;
  /** An exact decimal, local ISO 8601 without zone, a text, hex, or null. */
  value: string | null;
  /** How `value` is to be read. */
  kind: ValueKind;
  /** Names that separate this value from others of its quantity. */
  modifiers: readonly string[];
  /** Why there is no value where there should be one; finishes "Cannot …". */
  error: string | null;
  /** Where the record begins in its telegram. */
  offset: number;
}
