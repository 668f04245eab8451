import { noise } from "./noise.ts";

/** How a meter behaves at the line, beside what it measures. */
export interface Manners {
  /** It thinks so many bit times before it answers: 11 to 330 by the standard (EN 13757-2, 5.5). */
  thinkBits: number;
  /** And so many milliseconds more: 50 by the standard, more where it is slow. */
  thinkMs: number;
  /** The only speed that it makes out; undefined for whatever the line has. */
  baudRate?: number;
  /** Takes the setting of its primary address, and keeps the old one. */
  addressIsLocked?: boolean;
  /** Takes a manufacturer's two bytes as a whole: both for anything, or both as they are. */
  takesWholeManufacturer?: boolean;
  /** Does not know enhanced selection, and looks at the first eight bytes alone. */
  ignoresFabrication?: boolean;
}

/** A meter's own manners within the standard, the same for the same seed. */
export function standardManners(seed: number): Manners {
  return { thinkBits: 11 + Math.floor(100 * noise(seed).fixed("think")), thinkMs: 0 };
}
