import type { Pen } from "./annotation_pen.ts";
import type { DataRecord } from "./data_record.ts";
import type { Telegram } from "./telegram.ts";

/** Explains records, fillers between them and manufacturer data, from where the pen stands until `end`. */
export function annotateRecords(pen: Pen, telegram: Telegram, end: number): void {
  for (const record of telegram.records) annotateRecord(pen, record);
  const block = telegram.manufacturerData;
  if (block === null) return pen.takeUntil(end, "filler");
  pen.takeUntil(end - block.length / 2 - 1, "filler");
  pen.takeUntil(end - block.length / 2, telegram.moreRecordsFollow ? MORE : "manufacturer data to the end");
  pen.takeUntil(end, "manufacturer data");
}

const MORE = "manufacturer data; more records follow";

function annotateRecord(pen: Pen, record: DataRecord): void {
  const { offset, vib, field, data, end } = record.place;
  pen.takeUntil(offset, "filler");
  pen.takeUntil(vib, dibText(record));
  pen.takeUntil(field, vibText(record));
  if (field < data) pen.takeUntil(data, "length and kind of the data");
  pen.takeUntil(end, valueText(record));
}

function dibText({ function: name, storageNumber, tariff, subunit }: DataRecord): string {
  const parts = [`DIB: ${name} value`];
  if (storageNumber > 0) parts.push(`storage number ${storageNumber}`);
  if (tariff > 0) parts.push(`tariff ${tariff}`);
  if (subunit > 0) parts.push(`subunit ${subunit}`);
  return parts.join(", ");
}

function vibText({ quantity, unit, modifiers }: DataRecord): string {
  const what = unit === "" ? quantity : `${quantity} in ${unit}`;
  return `VIB: ${[what, ...modifiers].join(", ")}`;
}

/** What a record says, or why it does not. */
export function valueText({ value, unit, error, kind }: DataRecord): string {
  if (error !== null) return error;
  if (value === null) return kind === "none" ? "no data" : "no value";
  return `value ${value}${unit === "" ? "" : ` ${unit}`}`;
}

/** The bits of the status byte (EN 13757-3, table "Status field"). */
export function statusText(status: number): string {
  const parts: string[] = [];
  const application = ["", "application busy", "application error", "alarm or abnormal condition"][status & 3] ?? "";
  if (application !== "") parts.push(application);
  if ((status & 0x04) !== 0) parts.push("power low");
  if ((status & 0x08) !== 0) parts.push("permanent error");
  if ((status & 0x10) !== 0) parts.push("temporary error");
  if ((status & 0xe0) !== 0) parts.push(`maker's bits ${(status >> 5).toString(2).padStart(3, "0")}`);
  return parts.length === 0 ? "no error" : parts.join(", ");
}
