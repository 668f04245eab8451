import type { DataRecord } from "./data_record.ts";
import type { DataRecordJson } from "./record_layout.ts";
import { deviceTypeName } from "./device_type.ts";
import { hexOfByte, toHex } from "./hex.ts";
import { type JsonText, jsonTexts } from "./json_text.ts";
import { identificationText } from "./identification.ts";
import { manufacturerAt } from "./manufacturer.ts";
import type { Profile, ProfileReading, ProfileValues } from "./profiles/profile.ts";
import { readProfile } from "./profiles/read_profile.ts";

const NO_VALUES: ProfileValues = Object.freeze({});

const COMMA = 0x2c;
const QUOTE = 0x22;
const BRACE = 0x7b;
const BRACE_END = 0x7d;

/** What stands between the values of a telegram's JSON text. */
const TEXTS = jsonTexts({
  wired: '"link":"wired","ci":"',
  wireless: '"link":"wireless","ci":"',
  address: '","address":',
  identification: ',"identification":',
  manufacturer: ',"manufacturer":',
  version: ',"version":',
  deviceTypeCode: ',"deviceTypeCode":',
  deviceType: ',"deviceType":',
  accessNumber: ',"accessNumber":',
  status: ',"status":',
  encryption: ',"encryption":',
  lastRecords: ',"moreRecordsFollow":false,"records":[',
  moreRecords: ',"moreRecordsFollow":true,"records":[',
  manufacturerData: '],"manufacturerData":',
  noProfile: ',"profile":null,"values":{}',
  none: "null",
});

function writeNumber(json: JsonText, value: number | null): void {
  if (value === null) json.raw(TEXTS.none);
  else json.integer(value);
}

function writeText(json: JsonText, text: string | null): void {
  if (text === null) json.raw(TEXTS.none);
  else json.latin1(text);
}

/** Bytes that could not be read as the rest of a telegram promised; the records before them are whole. */
export interface TelegramFault {
  /** `truncated`: the bytes end within a record; `undecoded`: a record of unknown length, the rest is kept as bytes. */
  code: "truncated" | "undecoded";
  /** A sentence that finishes "Cannot …". */
  message: string;
  /** Where the record at fault begins. */
  offset: number;
}

/** A telegram as it appears in JSON. */
export interface TelegramJson {
  /** The bus it came by. */
  link: "wired" | "wireless";
  /** The CI field as two hex digits. */
  ci: string;
  /** The primary address; null where the link layer has none. */
  address: number | null;
  /** Eight digits, leading zeros kept. */
  identification: string | null;
  /** Three letters. */
  manufacturer: string | null;
  /** The meter's version or generation, 0 to 255. */
  version: number | null;
  /** 0 to 255. */
  deviceTypeCode: number | null;
  /** The stable name of the device type. */
  deviceType: string | null;
  /** Counts the meter's answers. */
  accessNumber: number | null;
  /** The status byte. */
  status: number | null;
  /** The name of the security mode; null where nothing was encrypted. */
  encryption: string | null;
  /** Whether another telegram of the same readout follows. */
  moreRecordsFollow: boolean;
  /** In wire order. */
  records: readonly DataRecordJson[];
  /** The bytes behind 0F or 1F as hex in wire order; null without such a block. */
  manufacturerData: string | null;
  /** The name of the profile that reads the maker's own data; null where none is known for the meter. */
  profile: string | null;
  /** What the profile read, by stable name. */
  values: ProfileValues;
}

/** Where the header's fields lie in the telegram's bytes; -1 for what it has not. */
export interface HeaderPlace {
  /** Four bytes. */
  identification: number;
  /** Two bytes. */
  manufacturer: number;
  /** One byte. */
  version: number;
  /** One byte. */
  accessNumber: number;
  /** One byte. */
  status: number;
}

/**
 * A decoded telegram. Header texts are made when they are asked for, from the bytes that were handed to the decoder:
 * those must not be overwritten as long as the telegram is used.
 */
export class Telegram implements TelegramJson {
  /**
   * What the decoder found in one telegram.
   *
   * @param bytes the whole telegram.
   * @param ordered the same with the least significant byte of every field first.
   */
  constructor(
    private readonly bytes: Uint8Array,
    private readonly ordered: Uint8Array,
    /** The bus it came by. */
    readonly link: "wired" | "wireless",
    private readonly ciCode: number,
    /** The primary address; null where the link layer has none. */
    readonly address: number | null,
    private readonly header: HeaderPlace,
    /** 0 to 255; null where the telegram has no header. */
    readonly deviceTypeCode: number | null,
    /** The name of the security mode; null where nothing was encrypted. */
    readonly encryption: string | null,
    /** Whether another telegram of the same readout follows (1F). */
    readonly moreRecordsFollow: boolean,
    /** In wire order, without the block behind 0F or 1F. */
    readonly records: readonly DataRecord[],
    private readonly manufacturerStart: number,
    private readonly manufacturerEnd: number,
    /** Why the last record is an undecoded rest; null when everything was read. */
    readonly fault: TelegramFault | null,
    private readonly makersProfile: Profile | null,
    /** What the profile made of the telegram; undefined until somebody asks. */
    private reading?: ProfileReading | null,
  ) {}

  /** The CI field as two hex digits. */
  get ci(): string {
    return hexOfByte(this.ciCode);
  }

  /** Eight digits, leading zeros kept. They may be hex digits: some makers use them. */
  get identification(): string | null {
    const at = this.header.identification;
    return at < 0 ? null : identificationText(this.ordered, at);
  }

  /** Three letters. */
  get manufacturer(): string | null {
    const at = this.header.manufacturer;
    if (at < 0) return null;
    return manufacturerAt(this.ordered, at);
  }

  /** The meter's version or generation, 0 to 255. */
  get version(): number | null {
    return this.byteAt(this.header.version);
  }

  /** The stable name of the device type. */
  get deviceType(): string | null {
    const code = this.deviceTypeCode;
    return code === null ? null : deviceTypeName(code);
  }

  /** Counts the meter's answers, 0 to 255. */
  get accessNumber(): number | null {
    return this.byteAt(this.header.accessNumber);
  }

  /** The status byte: bit 2 power low, bit 3 permanent error, bit 4 temporary error, bits 5 to 7 the maker's. */
  get status(): number | null {
    return this.byteAt(this.header.status);
  }

  /** The bytes behind 0F or 1F as hex in wire order; null without such a block. */
  get manufacturerData(): string | null {
    return this.manufacturerStart < 0 ? null : toHex(this.bytes, this.manufacturerStart, this.manufacturerEnd);
  }

  /** The name of the profile that reads the maker's own data; null where none is known for the meter. */
  get profile(): string | null {
    return this.profileReading()?.profile ?? null;
  }

  /** What the profile read, by stable name. */
  get values(): ProfileValues {
    return this.profileReading()?.values ?? NO_VALUES;
  }

  /** Whether the other telegram came with the very same bytes. */
  hasBytesOf(other: Telegram): boolean {
    const { bytes } = other;
    return bytes.length === this.bytes.length && this.bytes.every((byte, at) => byte === bytes[at]);
  }

  /** The telegram as it appears in JSON. */
  toJSON(): TelegramJson {
    const { link, ci, address, identification, manufacturer, version, deviceTypeCode, deviceType } = this;
    const { accessNumber, status, encryption, moreRecordsFollow, manufacturerData, profile, values } = this;
    return {
      link,
      ci,
      address,
      identification,
      manufacturer,
      version,
      deviceTypeCode,
      deviceType,
      accessNumber,
      status,
      encryption,
      moreRecordsFollow,
      records: this.records.map((record) => record.toJSON()),
      manufacturerData,
      profile,
      values,
    };
  }

  /** Adds what `JSON.stringify(telegram)` gives, without making strings of what is bytes or digits. */
  writeJson(json: JsonText): void {
    json.character(BRACE);
    this.writeFields(json);
    json.character(BRACE_END);
  }

  /** Adds the fields of the JSON object without its braces. */
  writeFields(json: JsonText): void {
    this.writeHeader(json);
    const { records } = this;
    for (let i = 0; i < records.length; i++) {
      if (i > 0) json.character(COMMA);
      (records[i] as DataRecord).writeJson(json);
    }
    json.raw(TEXTS.manufacturerData);
    if (this.manufacturerStart < 0) json.raw(TEXTS.none);
    else {
      json.character(QUOTE);
      json.hex(this.bytes, this.manufacturerStart, this.manufacturerEnd);
      json.character(QUOTE);
    }
    const reading = this.profileReading();
    if (reading === null) return json.raw(TEXTS.noProfile);
    json.rawText(`,"profile":${JSON.stringify(reading.profile)},"values":${JSON.stringify(reading.values)}`);
  }

  /** What the profile makes of the telegram, read once. */
  private profileReading(): ProfileReading | null {
    if (this.reading === undefined) this.reading = this.readProfile();
    return this.reading;
  }

  /** What the profile makes of the telegram. */
  private readProfile(): ProfileReading | null {
    const { makersProfile, ordered, records, ciCode, manufacturerStart, manufacturerEnd } = this;
    const { manufacturer, version, deviceTypeCode } = this;
    if (makersProfile === null || manufacturer === null || version === null || deviceTypeCode === null) return null;
    return readProfile(makersProfile, {
      manufacturer,
      version,
      deviceTypeCode,
      ci: ciCode,
      frame: ordered,
      manufacturerStart,
      manufacturerEnd,
      records,
    });
  }

  /** Adds what stands before the first record. */
  private writeHeader(json: JsonText): void {
    const { header, ordered, encryption } = this;
    json.raw(TEXTS[this.link]);
    json.hexByte(this.ciCode);
    json.raw(TEXTS.address);
    writeNumber(json, this.address);
    json.raw(TEXTS.identification);
    if (header.identification < 0) json.raw(TEXTS.none);
    else {
      json.character(QUOTE);
      for (let i = 3; i >= 0; i--) json.hexByte(ordered[header.identification + i] as number);
      json.character(QUOTE);
    }
    json.raw(TEXTS.manufacturer);
    writeText(json, this.manufacturer);
    json.raw(TEXTS.version);
    writeNumber(json, this.version);
    json.raw(TEXTS.deviceTypeCode);
    writeNumber(json, this.deviceTypeCode);
    json.raw(TEXTS.deviceType);
    writeText(json, this.deviceType);
    json.raw(TEXTS.accessNumber);
    writeNumber(json, this.accessNumber);
    json.raw(TEXTS.status);
    writeNumber(json, this.status);
    json.raw(TEXTS.encryption);
    writeText(json, encryption);
    json.raw(this.moreRecordsFollow ? TEXTS.moreRecords : TEXTS.lastRecords);
  }

  /** A byte of the header, null where the header has it not. */
  private byteAt(at: number): number | null {
    return at < 0 ? null : this.ordered[at] as number;
  }
}
