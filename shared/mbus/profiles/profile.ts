import type { DataRecord, ValueKind } from "../data_record.ts";
import type { AddressPlace } from "../wireless/meter_address.ts";

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

/** What a profile may look at. */
export interface ProfileSource {
  /** Three letters. */
  manufacturer: string;
  /** 0 to 255. */
  version: number;
  /** 0 to 255. */
  deviceTypeCode: number;
  /** The CI field of the transport layer, 0 to 255. */
  ci: number;
  /** The whole telegram without CRCs, decrypted. */
  frame: Uint8Array;
  /** Where the maker's own bytes begin in it: behind 0F or 1F, or behind CI A0 to B7; -1 without any. */
  manufacturerStart: number;
  /** Behind them. */
  manufacturerEnd: number;
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
  /** Only telegrams with this CI field, 0 to 255. */
  ci?: number;
}

/** The address of a meter whose maker orders it otherwise than the standard. */
export interface RestatedAddress {
  /** Where its parts stand; -1 for a version that the telegram has not. */
  place: Omit<AddressPlace, "deviceType">;
  /** 0 to 255. */
  deviceTypeCode: number;
}

/** A telegram that a profile must read as it says. All of them are made up. */
export interface ProfileSample {
  /** The telegram, in hex: a wireless one without CRCs, a wired one from its first 68 to its 16. */
  telegram: string;
  /** What is read of it. */
  values: ProfileValues;
  /** Values of records that the meter's habits change, by their key. */
  records?: Record<string, string | null>;
}

/** What a meter's records mean otherwise than the standard says. */
export interface MeterHabits {
  /** Integers of type B are never negative. */
  unsigned?: boolean;
  /** The hundred-year bits of type F count centuries from 1800 on: 2 is 20yy, not 21yy. */
  centuriesFrom1800?: boolean;
}

/** The description of one kind of meter whose payload or VIFs are its maker's own. Adding a meter is adding a file. */
export interface Profile {
  /** Stable, in small letters. */
  name: string;
  /** Which meters it describes. */
  meters: readonly MeterPattern[];
  /** How its records differ from the standard. */
  habits?: MeterHabits;
  /** Its fields; null where the telegram has not the form that is described here. */
  read(source: ProfileSource): ProfileValues | null;
  /** The meter's address, where its maker orders it otherwise than the standard. */
  address?(source: ProfileSource): RestatedAddress;
  /** Telegrams that prove it. */
  samples: readonly ProfileSample[];
}

/** What the profile of a meter makes of one telegram. */
export interface ProfileReading {
  /** The profile's name. */
  profile: string;
  /** Its fields; those that the telegram does not have are not there. */
  values: ProfileValues;
  /** The meter's address, where it is not what the link layer says; else null. */
  address: RestatedAddress | null;
}
