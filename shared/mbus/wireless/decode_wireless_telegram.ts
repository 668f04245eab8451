import { alarmStatus, applicationError } from "../application_error.ts";
import type { Profile } from "../profiles/profile.ts";
import { findProfile, readProfile } from "../profiles/read_profile.ts";
import type { TelegramFault } from "../telegram.ts";
import { readVariableData, type VariableData } from "../variable_data.ts";
import {
  type CompactFormat,
  expandCompactFrame,
  type FormatLookup,
  formatOf,
  readFormatFrame,
} from "./compact_frame.ts";
import { expandCompactProfiles } from "./compact_profile.ts";
import { isExtendedLinkLayer, readExtendedLinkLayer } from "./extended_link_layer.ts";
import { refuseFrameToMeter } from "./frame.ts";
import { FRAGMENTATION_LAYER, type FragmentationLayer, readFragmentationLayer } from "./fragmentation_layer.ts";
import { type KeyLookup, meterName } from "./meter_address.ts";
import { Passage } from "./passage.ts";
import { readTransportLayer } from "./transport_layer.ts";
import { WirelessTelegram } from "./wireless_telegram.ts";

/** What somebody knows about meters that their telegrams do not say. */
export interface DecodeWirelessOptions {
  /** The keys of meters. */
  keys?: KeyLookup;
  /** Formats of compact frames that full frames have told before; presets of widely used meters are built in. */
  formats?: FormatLookup;
  /** Integers are never negative, although the standard says that they are signed. By default they are signed. */
  unsigned?: boolean;
}

/**
 * Decodes one whole wireless telegram from its L field: link layer with the CRCs of format A or B or without any,
 * extended link layer, authentication and fragmentation layer, transport layer, encryption, application data
 * (EN 13757-4, -7, -3). A payload that is clear although its header announces encryption is decoded as it is.
 *
 * Offsets of records count in `clearBytes`: the frame without CRCs, decrypted; behind it stand the records that compact
 * profiles unfold into. Offsets of errors count in the bytes that
 * were handed over.
 *
 * @throws {TelegramError} `truncated`, `length`, `crc` (bytes that were damaged); `key_missing`, `key_wrong`,
 * `unsupported` (each names the meter); `application_error` and `alarm` (the meter reports one).
 *
 * @example
 * ```ts
 * import { fromHex } from "@mbus-gateway/mbus";
 * import { decodeWirelessTelegram } from "./mod.ts";
 * const telegram = decodeWirelessTelegram(fromHex("10442D2C785634121B16780413E8030000"));
 * console.log(telegram.manufacturer, telegram.identification, telegram.records[0]?.value); // KAM 12345678 1
 * ```
 */
export function decodeWirelessTelegram(bytes: Uint8Array, options: DecodeWirelessOptions = {}): WirelessTelegram {
  const passage = new Passage(bytes, options.keys);
  refuseFrameToMeter(passage.bytes);
  const fragmentation = readLowerLayers(passage);
  if (fragmentation !== null && (fragmentation.moreFragments || fragmentation.fragment > 1)) {
    const which = `fragment ${fragmentation.fragment} of a message of ${meterName(passage.meter)}`;
    passage.fail("unsupported", `it is ${which}, which only all fragments together tell`, passage.at);
  }
  return decodeMessage(passage, fragmentation, options);
}

/**
 * The layers below the transport layer. Afterwards the passage stands at the transport layer's CI field, or at the next
 * part of a fragmented message.
 */
export function readLowerLayers(passage: Passage): FragmentationLayer | null {
  while (true) {
    const ci = passage.takeCi();
    if (ci === FRAGMENTATION_LAYER) return readFragmentationLayer(passage);
    if (!isExtendedLinkLayer(ci)) {
      passage.at--;
      return null;
    }
    readExtendedLinkLayer(passage, ci);
  }
}

/** What stands from the transport layer on. */
export function decodeMessage(
  passage: Passage,
  fragmentation: FragmentationLayer | null,
  options: DecodeWirelessOptions,
): WirelessTelegram {
  const ci = passage.takeCi();
  const content = readTransportLayer(passage, ci, fragmentation);
  const profile = profileOf(passage, ci);
  switch (content) {
    case "records":
      return telegramOf(passage, ci, profile, readRecords(passage, profile, options));
    case "compact":
      expandCompactFrame(passage, options.formats);
      return telegramOf(passage, ci, profile, readRecords(passage, profile, options));
    case "format":
      return telegramOf(passage, ci, profile, NO_DATA, readFormatFrame(passage));
    case "manufacturer":
      return telegramOf(passage, ci, profile, { ...NO_DATA, manufacturerData: passage.at });
    case "error": {
      const what = applicationError(passage.bytes[passage.at]);
      passage.fail("application_error", `${meterName(passage.meter)} reports ${what}`, passage.at);
      break;
    }
    case "alarm": {
      const what = alarmStatus(passage.bytes.subarray(passage.at, passage.end));
      passage.fail("alarm", `${meterName(passage.meter)} reports ${what}`, passage.at);
    }
  }
}

const NO_DATA: VariableData = {
  records: [],
  manufacturerData: -1,
  moreRecordsFollow: false,
  truncated: null,
  undecoded: null,
};

function profileOf({ bytes, address }: Passage, ci: number): Profile | null {
  const maker = (bytes[address.manufacturer] as number) | (bytes[address.manufacturer + 1] as number) << 8;
  return findProfile(maker, bytes[address.version] as number, bytes[address.deviceType] as number, ci);
}

function readRecords(
  { bytes, at, end }: Passage,
  profile: Profile | null,
  options: DecodeWirelessOptions,
): VariableData {
  const habits = options.unsigned === true ? { ...profile?.habits, unsigned: true } : profile?.habits;
  return readVariableData(bytes, at, end, habits);
}

function telegramOf(
  passage: Passage,
  ci: number,
  profile: Profile | null,
  data: VariableData,
  told: CompactFormat | null = null,
): WirelessTelegram {
  const { bytes, end, address, accessNumber, status } = passage;
  const { records, manufacturerData } = data;
  const fault = faultOf(data);
  const block = { manufacturerStart: manufacturerData, manufacturerEnd: end };
  const reading = profile?.address === undefined
    ? undefined
    : readProfile(profile, { ...passage.meter, ci, frame: bytes, ...block, records });
  const expanded = expandCompactProfiles(bytes, end, records);
  const place = reading?.address?.place ?? address;
  return new WirelessTelegram({
    format: passage.format,
    ...expanded,
    ci,
    header: { ...place, accessNumber, status },
    deviceTypeCode: reading?.address?.deviceTypeCode ?? bytes[address.deviceType] as number,
    encryption: passage.encryption,
    moreRecordsFollow: data.moreRecordsFollow,
    ...block,
    fault,
    profile,
    reading,
    learnt: () => told ?? (FULL_FRAMES.has(ci) && fault === null ? formatOf(bytes, records, manufacturerData) : null),
  });
}

const FULL_FRAMES = new Set<number>([0x72, 0x78, 0x7a]);

function faultOf({ records, truncated, undecoded }: VariableData): TelegramFault | null {
  const message = truncated ?? undecoded;
  if (message === null) return null;
  return { code: truncated === null ? "undecoded" : "truncated", message, offset: records.at(-1)?.offset ?? 0 };
}
