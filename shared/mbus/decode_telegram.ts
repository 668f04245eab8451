import { alarmStatus, applicationError } from "./application_error.ts";
import { type CiField, ciField } from "./ci_field.ts";
import { FIXED_DATA_LENGTH, fixedDeviceType, readFixedData } from "./fixed_data.ts";
import { hexOfByte } from "./hex.ts";
import { identificationText } from "./identification.ts";
import { manufacturerAt } from "./manufacturer.ts";
import type { Profile } from "./profiles/profile.ts";
import { findProfile } from "./profiles/read_profile.ts";
import { type HeaderPlace, Telegram, type TelegramFault } from "./telegram.ts";
import { TelegramError } from "./telegram_error.ts";
import { ADDRESS_OFFSET, checkLongFrame, CI_OFFSET, DATA_OFFSET, dataLength, TRAILER } from "./long_frame.ts";
import { decryptWired, refuseEncrypted } from "./wired_security.ts";
import { type DecodeWirelessOptions, decodeWirelessTelegram } from "./wireless/decode_wireless_telegram.ts";
import { isWirelessFrame } from "./wireless/frame.ts";
import { readVariableData, type VariableData } from "./variable_data.ts";

/** Raised whenever a value could come out otherwise than before: whoever keeps telegrams may then decode them again. */
export const DECODER_VERSION = 3;

/** What somebody knows about meters that their telegrams do not say. */
export type DecodeOptions = DecodeWirelessOptions;

const LONG_HEADER = 12;
const SHORT_HEADER = 4;
const DEVICE_TYPE = 14;

const NO_HEADER: HeaderPlace = Object.freeze({
  identification: -1,
  manufacturer: -1,
  version: -1,
  accessNumber: -1,
  status: -1,
});
/** EN 13757-7: identification, manufacturer, version, device type, access number, status, configuration. */
const LONG_HEADER_PLACE: HeaderPlace = Object.freeze({
  identification: 7,
  manufacturer: 11,
  version: 13,
  accessNumber: 15,
  status: 16,
});
const FIXED_PLACE: HeaderPlace = Object.freeze({ ...NO_HEADER, identification: 7, accessNumber: 11, status: 12 });
const SHORT_HEADER_PLACE: HeaderPlace = Object.freeze({ ...NO_HEADER, accessNumber: 7, status: 8 });

/**
 * Decodes a whole telegram: a wired long frame from its first 68 to its 16, or a wireless frame from its L field as
 * {@linkcode decodeWirelessTelegram} takes it. The bytes themselves tell which.
 *
 * One bad record never costs the others: it is in `records` with its bytes and its error. Where the bytes end within a
 * record, or a record's length cannot be known, the rest is the last record and `fault` says so.
 *
 * @param frame exactly one frame. It is not copied: the telegram makes its texts from it when they are asked for.
 * @throws {TelegramError} what {@linkcode parseFrame} and {@linkcode decodeWirelessTelegram} throw; `truncated` (bytes are missing), `length` (bytes are left
 * over), `application_error` and `alarm` (the meter reports one), `key_missing` (the payload is encrypted), `unsupported` (the CI
 * field announces no readings that are decoded here, or the frame goes to a meter).
 *
 * @example
 * ```ts
 * import { decodeTelegram, fromHex } from "@mbus-gateway/mbus";
 * const telegram = decodeTelegram(fromHex("681515680805727856341224400107550000000C13436504001F16"));
 * console.log(telegram.manufacturer, telegram.identification, telegram.records[0]?.value); // PAD 12345678 46.543
 * ```
 */
export function decodeTelegram(frame: Uint8Array, options?: DecodeOptions): Telegram {
  if (isWirelessFrame(frame)) return decodeWirelessTelegram(frame, options);
  checkLongFrame(frame);
  return decodeApplication(frame, options);
}

const NO_FIXED_DATA = "CI 73 is no fixed data of 16 bytes, and compact frames are decoded by radio only";

function decodeApplication(frame: Uint8Array, options: DecodeOptions | undefined): Telegram {
  const ci = frame[CI_OFFSET] as number;
  const field = ciField(ci);
  if (field.report !== null) throw reported(frame, field);
  switch (field.layout) {
    case "long":
      return decodeVariable(frame, LONG_HEADER, LONG_HEADER_PLACE, options);
    case "short":
      return decodeVariable(frame, SHORT_HEADER, SHORT_HEADER_PLACE, options);
    case "fixed":
      // On a wire CI 73 with 16 bytes is the old structure; a compact frame with its long header is longer.
      if (dataLength(frame) === FIXED_DATA_LENGTH) return decodeFixed(frame);
      if (dataLength(frame) < FIXED_DATA_LENGTH) throw fixedDataCut(frame);
      throw new TelegramError(
        "unsupported",
        `Cannot decode telegram: ${NO_FIXED_DATA} (offset ${CI_OFFSET})`,
        CI_OFFSET,
      );
    case "none":
      return decodeVariable(frame, 0, NO_HEADER, options);
    default: {
      const name = `CI ${hexOfByte(ci)} is ${field.name}`;
      throw new TelegramError("unsupported", `Cannot decode telegram: ${name} (offset ${CI_OFFSET})`, CI_OFFSET);
    }
  }
}

const HEADER_LENGTHS = { long: LONG_HEADER, short: SHORT_HEADER, none: 0, fixed: 0, refused: 0 };

/** A telegram that states an application error or alarms in place of readings. */
function reported(frame: Uint8Array, { layout, report }: CiField): TelegramError {
  const header = HEADER_LENGTHS[layout];
  const offset = DATA_OFFSET + header;
  if (dataLength(frame) < header) return headerCut(header, frame);
  const data = frame.subarray(offset, frame.length - TRAILER);
  const meter = layout === "long" ? meterAt(frame, LONG_HEADER_PLACE) : "the meter";
  const code = report === "alarm" ? "alarm" : "application_error";
  const what = report === "alarm" ? alarmStatus(data) : applicationError(data[0]);
  const message = `Cannot decode telegram: ${meter} reports ${what} (CI ${
    hexOfByte(frame[CI_OFFSET] as number)
  }, offset ${offset})`;
  return new TelegramError(code, message, offset);
}

function headerCut(needed: number, frame: Uint8Array): TelegramError {
  const message = `Cannot read header: ${needed} bytes are needed, ${dataLength(frame)} are there`;
  return new TelegramError("truncated", message, frame.length - TRAILER);
}

function fixedDataCut(frame: Uint8Array): TelegramError {
  const message = `Cannot read fixed data: ${FIXED_DATA_LENGTH} bytes are needed, ${dataLength(frame)} are there`;
  return new TelegramError("truncated", message, frame.length - TRAILER);
}

function meterAt(ordered: Uint8Array, { manufacturer, identification }: HeaderPlace): string {
  if (identification < 0) return "the meter";
  return `meter ${manufacturerAt(ordered, manufacturer)} ${identificationText(ordered, identification)}`;
}

function decodeVariable(
  frame: Uint8Array,
  headerLength: number,
  place: HeaderPlace,
  options: DecodeOptions | undefined,
): Telegram {
  const end = frame.length - TRAILER;
  const start = DATA_OFFSET + headerLength;
  if (start > end) throw headerCut(headerLength, frame);
  const ci = frame[CI_OFFSET] as number;
  const mostSignificantFirst = ci === 0x76;
  const ordered = mostSignificantFirst ? headerReversed(frame, place, start) : frame;
  const payload = { ordered, header: place.identification, start, end };
  const keys = options?.keys;
  const clear = mostSignificantFirst || keys === undefined ? null : decryptWired(payload, keys);
  const bytes = clear?.bytes ?? frame;
  // Profiles read the standard's order of bytes only, and know meters by their long header.
  const profile = headerLength === LONG_HEADER && !mostSignificantFirst ? profileAt(frame, ci) : null;
  const habits = options?.unsigned === true ? { ...profile?.habits, unsigned: true } : profile?.habits;
  const variable = readVariableData(bytes, start, end, habits, mostSignificantFirst);
  if (headerLength > 0 && clear === null) refuseEncrypted(payload, variable, keys);
  return new Telegram(
    bytes,
    clear?.bytes ?? ordered,
    "wired",
    ci,
    frame[ADDRESS_OFFSET] as number,
    place,
    headerLength === LONG_HEADER ? frame[DEVICE_TYPE] as number : null,
    clear?.encryption ?? null,
    variable.moreRecordsFollow,
    variable.records,
    variable.manufacturerData,
    end,
    faultOf(variable),
    profile,
  );
}

function profileAt(frame: Uint8Array, ci: number): Profile | null {
  const { manufacturer, version } = LONG_HEADER_PLACE;
  const maker = (frame[manufacturer] as number) | (frame[manufacturer + 1] as number) << 8;
  return findProfile(maker, frame[version] as number, frame[DEVICE_TYPE] as number, ci);
}

function decodeFixed(frame: Uint8Array): Telegram {
  const start = DATA_OFFSET;
  const ci = frame[CI_OFFSET] as number;
  const address = frame[ADDRESS_OFFSET] as number;
  const deviceType = fixedDeviceType(frame, start);
  const records = readFixedData(frame, start);
  return new Telegram(
    frame,
    frame,
    "wired",
    ci,
    address,
    FIXED_PLACE,
    deviceType,
    null,
    false,
    records,
    -1,
    -1,
    null,
    null,
  );
}

function faultOf({ records, truncated, undecoded }: VariableData): TelegramFault | null {
  const message = truncated ?? undecoded;
  if (message === null) return null;
  return { code: truncated === null ? "undecoded" : "truncated", message, offset: records.at(-1)?.offset ?? 0 };
}

/** CI 76: the numbers of the header, too, begin with their most significant byte. */
function headerReversed(frame: Uint8Array, { identification, manufacturer }: HeaderPlace, start: number): Uint8Array {
  const ordered = frame.slice();
  ordered.subarray(identification, identification + 4).reverse();
  ordered.subarray(manufacturer, manufacturer + 2).reverse();
  ordered.subarray(start - 2, start).reverse();
  return ordered;
}
