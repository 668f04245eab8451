/**
 * M-Bus telegrams, EN 13757-2 and EN 13757-3: link frames and application data, decoded to exact values and encoded
 * again. Pure and synchronous.
 *
 * @module
 */
export { TelegramError, type TelegramErrorCode } from "./telegram_error.ts";
export { fromHex, readHexDigits, toHex } from "./hex.ts";
export {
  type AckFrame,
  type ControlFrame,
  encodeFrame,
  type Frame,
  type LongFrame,
  type ParsedFrame,
  parseFrame,
  type ShortFrame,
} from "./frame.ts";
export { FrameScanner, type ScannedFrame, type SkippedBytes } from "./frame_scanner.ts";
export { JsonText } from "./json_text.ts";
export { type Decimal, decimalOfFloat, decimalText } from "./decimal.ts";
export { manufacturerCode, manufacturerText } from "./manufacturer.ts";
export { identificationBytes, identificationText } from "./identification.ts";
export { encodeVariableData, type TelegramToEncode } from "./encode_variable_data.ts";
export { encodeRecord, type FieldToEncode, type RecordToEncode } from "./encode_record.ts";
export type { LocalTimeType } from "./encode_local_time.ts";
export type { ValueFunction } from "./data_field_kind.ts";
export { DataRecord } from "./data_record.ts";
export type { DataRecordJson, RecordPlace, ValueKind } from "./record_layout.ts";
export { type HeaderPlace, Telegram, type TelegramFault, type TelegramJson } from "./telegram.ts";
export { type DecodeOptions, DECODER_VERSION, decodeTelegram } from "./decode_telegram.ts";
export { type JoinedReadout, joinTelegrams, type ReadoutRecord } from "./readout.ts";
export * from "./wireless/mod.ts";
export type {
  MeterHabits,
  MeterPattern,
  Profile,
  ProfileReading,
  ProfileSample,
  ProfileSource,
  ProfileValue,
  ProfileValues,
} from "./profiles/profile.ts";
export { deviceTypeName } from "./device_type.ts";
export { annotateFrame } from "./annotate.ts";
export { statusText } from "./annotate_records.ts";
export type { Annotation } from "./annotation_pen.ts";
