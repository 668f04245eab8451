import { manufacturerCode } from "../manufacturer.ts";
import { PROFILES } from "./all_profiles.ts";
import type { MeterPattern, Profile, ProfileReading, ProfileSource } from "./profile.ts";

/** Stands for any version, device type or CI field: one more than a byte can be. */
const ANY = 256;
const BASE = 257;

/** A maker's profiles under what they say about a meter, and which parts of it they leave open. */
interface MakersProfiles {
  /** Bits: 4 the version, 2 the device type, 1 the CI field may be any; what says most comes first. */
  open: number[];
  /** By version, device type and CI field in one number. */
  byMeter: Map<number, Profile>;
}

/** The profiles of all makers, so that one of them is found by as many look-ups as its maker has kinds of patterns. */
export class ProfileIndex {
  /** How many look-ups have been made, for whoever wants to see that they do not grow. */
  lookUps = 0;
  private readonly byMaker = new Map<number, MakersProfiles>();

  /**
   * Registers profiles.
   *
   * @throws {Error} where two claim the same meters, or a maker's letters are mistyped.
   */
  constructor(profiles: readonly Profile[]) {
    for (const profile of profiles) for (const pattern of profile.meters) this.register(profile, pattern);
  }

  /**
   * The profile of a meter: the one that says most about it.
   *
   * @param maker the manufacturer's code; bit 15 is no part of it.
   */
  find(maker: number, version: number, deviceTypeCode: number, ci: number): Profile | null {
    this.lookUps++;
    const profiles = this.byMaker.get(maker & 0x7fff);
    if (profiles === undefined) return null;
    const { open, byMeter } = profiles;
    for (const bits of open) {
      this.lookUps++;
      const key = keyOf(
        (bits & 4) === 0 ? version : ANY,
        (bits & 2) === 0 ? deviceTypeCode : ANY,
        (bits & 1) === 0 ? ci : ANY,
      );
      const profile = byMeter.get(key);
      if (profile !== undefined) return profile;
    }
    return null;
  }

  private register(profile: Profile, { manufacturer, version, deviceTypeCode, ci }: MeterPattern): void {
    const maker = manufacturerCode(manufacturer);
    const profiles = this.byMaker.get(maker) ?? { open: [], byMeter: new Map<number, Profile>() };
    this.byMaker.set(maker, profiles);
    const key = keyOf(version ?? ANY, deviceTypeCode ?? ANY, ci ?? ANY);
    const other = profiles.byMeter.get(key);
    if (other !== undefined) {
      throw new Error(`Cannot register profile ${profile.name}: ${other.name} claims meters of ${manufacturer} too`);
    }
    profiles.byMeter.set(key, profile);
    const bits = (version === undefined ? 4 : 0) | (deviceTypeCode === undefined ? 2 : 0) | (ci === undefined ? 1 : 0);
    if (!profiles.open.includes(bits)) profiles.open = [...profiles.open, bits].sort((a, b) => a - b);
  }
}

function keyOf(version: number, deviceTypeCode: number, ci: number): number {
  return (version * BASE + deviceTypeCode) * BASE + ci;
}

const ALL = new ProfileIndex(PROFILES);

/** The profile of a meter among all that are built in, see {@linkcode ProfileIndex.find}. */
export function findProfile(maker: number, version: number, deviceTypeCode: number, ci: number): Profile | null {
  return ALL.find(maker, version, deviceTypeCode, ci);
}

/** What a profile makes of a telegram; null where the telegram has not its form. */
export function readProfile(profile: Profile, source: ProfileSource): ProfileReading | null {
  const values = profile.read(source);
  if (values === null) return null;
  return { profile: profile.name, values, address: profile.address?.(source) ?? null };
}
