import type { DataRecord, ValueKind } from "../data_record.ts";

/** One value that a profile reads. */
export interface ProfileValue {
  /** An exact decimal, a local date or time in ISO 8601, a text; null where the meter says that there is none. */
  value: string | null;
  /** Symbol of the base unit, "" where there is none. */
  unit: string;
  /** How `value` is to be read. */
  kind: ValueKind;
}

/** What a profile read, by stable name. */
export type ProfileValues = Record<string, ProfileValue>;

/** What the profile of a meter makes of one telegram. */
export interface ProfileReading {
  /** The profile's name. */
  profile: string;
  /** Its fields; those that the telegram does not have are not there. */
  values: ProfileValues;
}

/** What a profile may look at. */
export interface ProfileSource {
  /** Three letters. */
  manufacturer: string;
  /** 0 to 255. */
  version: number;
  /** 0 to 255. */
  deviceTypeCode: number;
  /** The CI field of the transport layer. */
  ci: number;
  /** The whole telegram, decrypted. */
  frame: Uint8Array;
  /** The maker's own bytes: behind 0F or 1F, or the payload of CI A0 to B7; null without any. */
  payload: Uint8Array | null;
  /** The records of the standard. */
  records: readonly DataRecord[];
}

/** How a profile knows its meters. What is left out may be anything. */
export interface MeterPattern {
  /** Three letters. */
  manufacturer: string;
  /** 0 to 255. */
  version?: number;
  /** 0 to 255. */
  deviceTypeCode?: number;
  /** Only telegrams with this CI field. */
  ci?: number;
}

/** A telegram that a profile must read as it says. All of them are made up. */
export interface ProfileSample {
  /** The telegram without CRCs, in hex. */
  telegram: string;
  /** What is read of it. */
  values: ProfileValues;
}

/** The description of one kind of meter whose payload or VIFs are its maker's own. */
export interface Profile {
  /** Stable, in small letters. */
  name: string;
  /** Which meters it describes. */
  meters: readonly MeterPattern[];
  /** Its fields; null where the telegram has not the form that is described here. */
  read(source: ProfileSource): ProfileValues | null;
  /** Telegrams that prove it. */
  samples: readonly ProfileSample[];
}
