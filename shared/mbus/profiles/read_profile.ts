import { manufacturerCode } from "../manufacturer.ts";
import { PROFILES } from "./all_profiles.ts";
import type { MeterPattern, Profile, ProfileReading, ProfileSource } from "./profile.ts";

/** Stands for any version, device type or CI field: one more than a byte can be. */
const ANY = 256;
const BASE = 257;

/** Profiles by manufacturer, then by version, device type and CI field in one number. */
const BY_MANUFACTURER = new Map<string, Map<number, Profile>>();
for (const profile of PROFILES) for (const pattern of profile.meters) register(profile, pattern);

function register(profile: Profile, pattern: MeterPattern): void {
  const { manufacturer, version = ANY, deviceTypeCode = ANY, ci = ANY } = pattern;
  manufacturerCode(manufacturer); // a mistyped code would never be found
  const profiles = BY_MANUFACTURER.get(manufacturer) ?? new Map<number, Profile>();
  BY_MANUFACTURER.set(manufacturer, profiles);
  const key = keyOf(version, deviceTypeCode, ci);
  const other = profiles.get(key);
  if (other !== undefined) {
    throw new Error(`Cannot register profile ${profile.name}: ${other.name} claims meters of ${manufacturer} too`);
  }
  profiles.set(key, profile);
}

function keyOf(version: number, deviceTypeCode: number, ci: number): number {
  return (version * BASE + deviceTypeCode) * BASE + ci;
}

/**
 * The profile of a meter: the one that says most about it. It takes at most nine look-ups, however many profiles and
 * makers there are.
 */
export function findProfile(
  { manufacturer, version, deviceTypeCode, ci }: Pick<
    ProfileSource,
    "manufacturer" | "version" | "deviceTypeCode" | "ci"
  >,
): Profile | null {
  const profiles = BY_MANUFACTURER.get(manufacturer);
  if (profiles === undefined) return null;
  for (let open = 0; open < 8; open++) {
    const key = keyOf(
      (open & 4) === 0 ? version : ANY,
      (open & 2) === 0 ? deviceTypeCode : ANY,
      (open & 1) === 0 ? ci : ANY,
    );
    const profile = profiles.get(key);
    if (profile !== undefined) return profile;
  }
  return null;
}

/** What the profile of the meter makes of a telegram; null where there is no profile, or the telegram has not its form. */
export function readProfile(source: ProfileSource): ProfileReading | null {
  const profile = findProfile(source);
  const values = profile?.read(source) ?? null;
  if (profile === null || values === null) return null;
  return { profile: profile.name, values, address: profile.address?.(source) ?? null };
}
