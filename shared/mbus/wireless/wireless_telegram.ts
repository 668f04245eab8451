import type { DataRecord } from "../data_record.ts";
import type { Profile, ProfileReading } from "../profiles/profile.ts";
import { type HeaderPlace, Telegram, type TelegramFault } from "../telegram.ts";
import type { CompactFormat } from "./compact_frame.ts";
import type { FrameFormat } from "./frame_format.ts";

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
  /** The meter's profile; null where there is none. */
  profile: Profile | null;
  /** What it made of the telegram already, since it restates the address; undefined where nobody has asked yet. */
  reading: ProfileReading | null | undefined;
  /** The format that this telegram tells; null where it tells none. */
  learnt: () => CompactFormat | null;
}

/** A decoded wireless telegram: the same as a wired one, and what only radio has. */
export class WirelessTelegram extends Telegram {
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
      content.profile,
      content.reading,
    );
    this.clearBytes = content.bytes;
    this.frameFormat = content.format;
  }

  /**
   * The format of the meter's compact frames that this telegram tells, to be kept and handed over as `formats`; null
   * for telegrams that tell none.
   */
  get learntFormat(): CompactFormat | null {
    return this.content.learnt();
  }
}
