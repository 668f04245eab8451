/**
 * Wireless M-Bus: EN 13757-4 frames, the extended link, fragmentation and transport layers, encryption and compact
 * frames, decoded to the same telegrams as wired ones. Pure and synchronous.
 *
 * @module
 */
export { isWirelessFrame, parseWirelessFrame, type WirelessFrame } from "./frame.ts";
export type { FrameFormat } from "./frame_format.ts";
export type { AddressPlace, KeyLookup, MeterAddress } from "./meter_address.ts";
export type { CompactFormat, FormatLookup } from "./compact_frame.ts";
export { PRESET_FORMATS } from "./preset_formats.ts";
export { type DecodeWirelessOptions, decodeWirelessTelegram } from "./decode_wireless_telegram.ts";
export { decodeWirelessFragments } from "./decode_wireless_fragments.ts";
export { type WirelessContent, WirelessTelegram } from "./wireless_telegram.ts";
export {
  encodeWirelessTelegram,
  type ExtendedLinkLayerToEncode,
  type SecurityToEncode,
  type WirelessTelegramToEncode,
} from "./encode_wireless_telegram.ts";
export type { RestatedAddress } from "../profiles/profile.ts";
