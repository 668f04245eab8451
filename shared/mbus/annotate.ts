import { ciField } from "./ci_field.ts";
import type { DataRecord } from "./data_record.ts";
import { toHex } from "./hex.ts";
import type { Telegram } from "./telegram.ts";

/** Some bytes of a telegram and what they mean. */
export interface Annotation {
  /** Where they begin, counted from 0. */
  offset: number;
  /** The bytes as hex, in wire order. */
  hex: string;
  /** What they are, in words. */
  meaning: string;
}

/**
 * What each byte of a wired frame means, in wire order and without gaps, for a person at a meter that misbehaves.
 *
 * @param frame the bytes, whole or not, valid or not.
 * @param telegram what they were decoded to; null where they could not be, then only the frame is explained.
 *
 * @example
 * ```ts
 * import { annotateFrame, decodeTelegram, fromHex } from "@mbus-gateway/mbus";
 * const frame = fromHex("681515680805727856341224400107550000000C13436504001F16");
 * for (const { offset, hex, meaning } of annotateFrame(frame, decodeTelegram(frame))) console.log(offset, hex, meaning);
 * ```
 */
export function annotateFrame(frame: Uint8Array, telegram: Telegram | null): Annotation[] {
  const pen = new Pen(frame);
  if (frame[0] === 0x68) {
    annotateLong(pen, telegram);
  } else if (frame[0] === 0x10) {
    pen.take(1, "start of a short frame");
    pen.take(1, "C field: direction, FCB, function");
    pen.take(1, "A field: primary address");
    pen.take(1, "checksum");
    pen.take(1, "stop");
  } else if (frame[0] === 0xe5) pen.take(1, "acknowledgement");
  pen.takeUntil(frame.length, "not part of the frame");
  return pen.annotations;
}

function annotateLong(pen: Pen, telegram: Telegram | null): void {
  const { frame } = pen;
  const length = frame[1] ?? 0;
  const bodyEnd = Math.min(4 + length, frame.length);
  pen.take(1, "start of a long frame");
  pen.take(1, `length: ${length} bytes from C field to data`);
  pen.take(1, "length again");
  pen.take(1, "start again");
  pen.take(1, "C field: direction, FCB, function");
  pen.take(1, `A field: primary address ${frame[5] ?? ""}`);
  pen.take(1, `CI field: ${ciField(frame[6] ?? 0).name}`);
  if (telegram !== null) annotateData(pen, telegram, bodyEnd);
  pen.takeUntil(bodyEnd, "data, not decoded");
  pen.take(1, "checksum: sum of C field to data");
  pen.take(1, "stop");
}

function annotateData(pen: Pen, telegram: Telegram, end: number): void {
  const { identification, manufacturer, version, deviceType, accessNumber, status } = telegram;
  if (identification !== null) pen.take(4, `identification ${identification}`);
  if (manufacturer !== null) {
    pen.take(2, `manufacturer ${manufacturer}`);
    pen.take(1, `version ${version}`);
    pen.take(1, `device type: ${deviceType}`);
  }
  if (accessNumber !== null) {
    pen.take(1, `access number ${accessNumber}`);
    pen.take(1, `status: ${statusText(status ?? 0)}`);
  }
  if (telegram.ci === "73") return annotateFixed(pen, telegram);
  if (accessNumber !== null) pen.take(2, "configuration word");
  for (const record of telegram.records) annotateRecord(pen, record);
  const block = telegram.manufacturerData;
  if (block === null) return pen.takeUntil(end, "filler");
  pen.takeUntil(end - block.length / 2 - 1, "filler");
  pen.take(1, telegram.moreRecordsFollow ? "manufacturer data; more records follow" : "manufacturer data to the end");
  pen.takeUntil(end, "manufacturer data");
}

/** The counters of the fixed structure stand behind both unit bytes. */
function annotateFixed(pen: Pen, { records }: Telegram): void {
  for (const { quantity, unit } of records) {
    pen.take(1, `unit: ${quantity}${unit === "" ? "" : ` in ${unit}`}, device type`);
  }
  for (const record of records) pen.take(4, valueText(record));
}

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

function valueText({ value, unit, error, kind }: DataRecord): string {
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

class Pen {
  readonly annotations: Annotation[] = [];
  private at = 0;

  constructor(readonly frame: Uint8Array) {}

  take(count: number, meaning: string): void {
    this.takeUntil(this.at + count, meaning);
  }

  takeUntil(end: number, meaning: string): void {
    const to = Math.min(end, this.frame.length);
    if (to <= this.at) return;
    this.annotations.push({ offset: this.at, hex: toHex(this.frame, this.at, to), meaning });
    this.at = to;
  }
}
