import type { DataRecord } from "../data_record.ts";
import type { JsonText } from "../json_text.ts";
import type { ProfileReading, ProfileValues } from "../profiles/profile.ts";
import { type HeaderPlace, Telegram, type TelegramFault, type TelegramJson } from "../telegram.ts";
import type { CompactFormat } from "./compact_frame.ts";
import type { FrameFormat } from "./frame_format.ts";

/** A wireless telegram as it appears in JSON. */
export interface WirelessTelegramJson extends TelegramJson {
  /** The name of the profile that reads the maker's own data; null where none is known for the meter. */
  profile: string | null;
  /** What the profile read, by stable name. */
  values: ProfileValues;
}

/** What the layers of a frame led to. */
export interface WirelessContent {
  /** How CRCs stood in the frame that was received. */
  format: FrameFormat;
  /** The frame without CRCs, decrypted, compact data expanded: what the offsets of records count in. */
  bytes: Uint8Array;
  /** The CI field of the transport layer. */
  ci: number;
  /** Where the header's fields stand. */
  header: HeaderPlace;
  /** 0 to 255. */
  deviceTypeCode: number;
  /** The name of the mode that something was decrypted with. */
  encryption: string | null;
  /** 1F: another telegram of the same readout follows. */
  moreRecordsFollow: boolean;
  /** In wire order. */
  records: readonly DataRecord[];
  /** Where manufacturer data begins; -1 without any. */
  manufacturerStart: number;
  /** Behind it. */
  manufacturerEnd: number;
  /** Why the last record is an undecoded rest. */
  fault: TelegramFault | null;
  /** What the meter's profile makes of the maker's own data; null where there is no profile. */
  reading: ProfileReading | null;
  /** The format that this telegram tells; null where it tells none. */
  learnt: () => CompactFormat | null;
}

/** A decoded wireless telegram: the same as a wired one, and what only radio has. */
export class WirelessTelegram extends Telegram implements WirelessTelegramJson {
  /** The frame without CRCs, decrypted, compact data expanded: what the offsets of records count in. */
  readonly clearBytes: Uint8Array;
  /** How CRCs stood in the frame that was received. */
  readonly frameFormat: FrameFormat;

  /** Takes what the layers led to. */
  constructor(private readonly content: WirelessContent) {
    super(
      content.bytes,
      content.bytes,
      "wireless",
      content.ci,
      null,
      content.header,
      content.deviceTypeCode,
      content.encryption,
      content.moreRecordsFollow,
      content.records,
      content.manufacturerStart,
      content.manufacturerEnd,
      content.fault,
    );
    this.clearBytes = content.bytes;
    this.frameFormat = content.format;
  }

  /** The name of the profile that reads the maker's own data; null where none is known for the meter. */
  get profile(): string | null {
    return this.content.reading?.profile ?? null;
  }

  /** What the profile read, by stable name. */
  get values(): ProfileValues {
    return this.content.reading?.values ?? {};
  }

  /**
   * The format of the meter's compact frames that this telegram tells, to be kept and handed over as `formats`; null
   * for telegrams that tell none.
   */
  get learntFormat(): CompactFormat | null {
    return this.content.learnt();
  }

  /** The telegram as it appears in JSON. */
  override toJSON(): WirelessTelegramJson {
    return { ...super.toJSON(), profile: this.profile, values: this.values };
  }

  /** Adds what `JSON.stringify(telegram)` gives. */
  override writeJson(json: JsonText): void {
    json.rawText("{");
    this.writeFields(json);
    json.rawText(`,"profile":${JSON.stringify(this.profile)},"values":${JSON.stringify(this.values)}}`);
  }
}
