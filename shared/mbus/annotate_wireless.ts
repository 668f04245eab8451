import { annotateRecords, statusText } from "./annotate_records.ts";
import { type Annotation, Pen } from "./annotation_pen.ts";
import { ciField } from "./ci_field.ts";
import { deviceTypeName } from "./device_type.ts";
import { identificationText } from "./identification.ts";
import { manufacturerAt } from "./manufacturer.ts";
import type { WirelessTelegram } from "./wireless/wireless_telegram.ts";

/** Extended link layers by CI field (EN 13757-4): what stands behind CC and ACC. */
const EXTENDED_LINK_LAYERS = new Map<number, readonly (readonly [count: number, meaning: string])[]>([
  [0x8c, []],
  [0x8d, [[4, "session number"], [2, "CRC of the payload"]]],
  [0x8e, [[8, "the receiver's address"]]],
  [0x8f, [[8, "the receiver's address"], [4, "session number"], [2, "CRC of the payload"]]],
]);
const FRAGMENTATION_LAYER = 0x90;
const MODE_WITH_THIRD_BYTE = 7;

/** What each byte of a wireless frame means; of the clear bytes where it could be decoded, else of those received. */
export function annotateWireless(frame: Uint8Array, telegram: WirelessTelegram | null): Annotation[] {
  const pen = new Pen(telegram?.clearBytes ?? frame);
  const bytes = pen.frame;
  pen.take(1, `length: ${bytes[0]} bytes follow, CRCs not counted`);
  pen.take(1, "C field: what the frame is for");
  annotateAddress(pen, 2, 4);
  if (telegram === null) {
    pen.takeUntil(bytes.length, "not decoded");
    return pen.annotations;
  }
  annotateLayers(pen, telegram);
  annotateRecords(pen, telegram, bytes.length);
  return pen.annotations;
}

/** Manufacturer and identification in whichever order, then version and device type. */
function annotateAddress(pen: Pen, manufacturer: number, identification: number): void {
  const { frame } = pen;
  const address = Math.min(manufacturer, identification);
  if (frame.length < address + 8) return;
  const parts: [number, () => void][] = [
    [manufacturer, () => pen.take(2, `manufacturer ${manufacturerAt(frame, manufacturer)}`)],
    [identification, () => pen.take(4, `identification ${identificationText(frame, identification)}`)],
  ];
  for (const [, annotate] of parts.sort(([a], [b]) => a - b)) annotate();
  pen.take(1, `version ${frame[pen.at]}`);
  pen.take(1, `device type: ${deviceTypeName(frame[pen.at] ?? 0)}`);
}

function annotateLayers(pen: Pen, telegram: WirelessTelegram): void {
  const { frame } = pen;
  while (pen.at < frame.length) {
    const ci = frame[pen.at] ?? 0;
    const { layout, name } = ciField(ci);
    const fields = EXTENDED_LINK_LAYERS.get(ci);
    pen.take(1, `CI field: ${name}`);
    if (fields !== undefined) {
      pen.take(1, "communication control");
      pen.take(1, `access number ${frame[pen.at]}`);
      for (const [count, meaning] of fields) pen.take(count, meaning);
    } else if (ci === FRAGMENTATION_LAYER) {
      pen.take(1, `length of the layer: ${frame[pen.at]}`);
      pen.take(frame[pen.at - 1] ?? 0, "fragment, message counter and authentication code");
    } else return annotateHeader(pen, telegram, ci, layout);
  }
}

/** The headers of compact frames (73, 7B) are those of full ones. */
function annotateHeader(pen: Pen, telegram: WirelessTelegram, ci: number, layout: string): void {
  if (layout === "long" || ci === 0x73 || ci === 0x6b) annotateAddress(pen, pen.at + 4, pen.at);
  else if (layout !== "short" && ci !== 0x7b && ci !== 0x6a) return;
  const { accessNumber, status, encryption } = telegram;
  pen.take(1, `access number ${accessNumber}`);
  pen.take(1, `status: ${statusText(status ?? 0)}`);
  const mode = (pen.frame[pen.at + 1] ?? 0) & 0x1f;
  const decrypted = encryption === null ? "" : ", decrypted";
  pen.take(mode === MODE_WITH_THIRD_BYTE ? 3 : 2, `configuration word: security mode ${mode}${decrypted}`);
}
