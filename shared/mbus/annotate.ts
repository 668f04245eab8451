import { annotateRecords, statusText, valueText } from "./annotate_records.ts";
import { annotateWireless } from "./annotate_wireless.ts";
import { type Annotation, Pen } from "./annotation_pen.ts";
import { ciField } from "./ci_field.ts";
import type { Telegram } from "./telegram.ts";
import { isWirelessFrame } from "./wireless/frame.ts";
import { WirelessTelegram } from "./wireless/wireless_telegram.ts";

/**
 * What each byte of a frame means, in wire order and without gaps, for a person at a meter that misbehaves.
 * A wireless telegram that could be decoded is shown without CRCs, decrypted, compact data expanded: the offsets of its
 * records count in these bytes.
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
  if (isWirelessFrame(frame)) return annotateWireless(frame, telegram instanceof WirelessTelegram ? telegram : null);
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
  annotateRecords(pen, telegram, end);
}

/** The counters of the fixed structure stand behind both unit bytes. */
function annotateFixed(pen: Pen, { records }: Telegram): void {
  for (const { quantity, unit } of records) {
    pen.take(1, `unit: ${quantity}${unit === "" ? "" : ` in ${unit}`}, device type`);
  }
  for (const record of records) pen.take(4, valueText(record));
}
