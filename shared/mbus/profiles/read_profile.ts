import type { Profile, ProfileReading, ProfileSource } from "./profile.ts";

export function readProfile(_source: ProfileSource): ProfileReading | null {
  return null;
}
