import { type DataRecord, decodeTelegram, type JoinedReadout, joinTelegrams, TelegramError } from "@mbus-gateway/mbus";

/** Looks at a readout beside the last one of the same meter. */
export interface Plausibility {
  /**
   * What is strange about a readout: `implausible_jump` when a counter of energy or volume ran backwards without having
   * rolled over, or grew faster than anything at a meter's place can. It is kept and sent all the same: a reset, a new
   * calibration and a broken meter look alike from here.
   *
   * @param address as the configuration writes it: the place whose meter it is.
   * @param readAtMs the time of the readout in milliseconds, of a clock that may be set.
   */
  flagsOf(address: string, frames: readonly Uint8Array[], readAtMs: number): string[];
}

/** The most that a counter can grow in an hour, in the base unit of its quantity. */
export type GrowthBounds = Readonly<Record<string, bigint>>;

/**
 * 10 MW and 1,000 m³/h: more than the mains of a quarter carry, and less than a digit that fell over in a counter of
 * megawatt hours.
 */
export const GROWTH_AN_HOUR: GrowthBounds = { Wh: 10_000_000n, J: 36_000_000_000n, m3: 1_000n };

export interface PlausibilityOptions {
  bounds?: GrowthBounds;
}

const QUANTITIES = new Set(["energy", "volume"]);
/** Counters beside the main one that only grow, too. */
const COUNTED_APART = /^(?:l[123]|forward|backward)$/;
const HOUR_MS = 3_600_000n;
/** Values are compared in parts of 10^-12 of their unit. */
const PART = 12n;
/** No dial has fewer than five digits. */
const LEAST_DIAL = 100_000n;
/** A dial that was in its last tenth and is in its first has rolled over. */
const TENTH = 10n;

/** What a counter showed, in the smallest parts ({@linkcode PART}) of its base unit: exact. */
interface Dial {
  value: bigint;
  /** Where the field that it is sent in begins anew. */
  capacity: bigint;
  /** One of its own last digit. */
  step: bigint;
  unit: string;
}

interface Memory {
  readAtMs: number;
  identity: string;
  dials: Map<string, Dial>;
}

/** A memory of what each meter's counters showed; a process begins with none. */
export function plausibility({ bounds = GROWTH_AN_HOUR }: PlausibilityOptions = {}): Plausibility {
  const memory = new Map<string, Memory>();
  return {
    flagsOf(address, frames, readAtMs) {
      const readout = joined(frames);
      if (readout === null) return [];
      const now: Memory = { readAtMs, identity: identityOf(readout), dials: dialsOf(readout) };
      const last = memory.get(address);
      memory.set(address, now);
      // Another meter has been put in: its counters have nothing to do with those before.
      if (last === undefined || last.identity !== now.identity) return [];
      // An hour at least: a clock that is set, and a reading just before a long one, must not make a flag.
      const elapsedMs = BigInt(Math.max(Number(HOUR_MS), Math.abs(readAtMs - last.readAtMs)));
      const jumps = [...now.dials].some(([key, dial]) => isJump(last.dials.get(key), dial, elapsedMs, bounds));
      return jumps ? ["implausible_jump"] : [];
    },
  };
}

function isJump(before: Dial | undefined, now: Dial, elapsedMs: bigint, bounds: GrowthBounds): boolean {
  if (before === undefined || before.unit !== now.unit) return false;
  const grown = growth(before, now);
  if (grown === null) return true;
  const bound = bounds[now.unit];
  return bound !== undefined && grown * HOUR_MS > bound * elapsedMs * 10n ** PART;
}

/** What it grew by, over its end and on from its beginning too; null when it ran backwards. */
function growth({ value: before, step, capacity }: Dial, { value: now }: Dial): bigint | null {
  if (now >= before) return now - before;
  // A dial of seven digits is often sent in a field of eight, and one in decimal in a binary field.
  const ends = [capacity, step * 10n ** BigInt(String(before / step).length)];
  const end = ends.find((end) =>
    end >= step * LEAST_DIAL && TENTH * before >= end * (TENTH - 1n) && TENTH * now <= end
  );
  return end === undefined || now < 0n ? null : end - before + now;
}

/** The counters of a readout. */
function dialsOf({ records }: JoinedReadout): Map<string, Dial> {
  const dials = new Map<string, Dial>();
  for (const { record, key } of records) {
    const dial = dialOf(record);
    if (dial !== null) dials.set(key, dial);
  }
  return dials;
}

/** What the record shows when it is a counter that still counts: none of another day, no maximum, nothing corrected. */
function dialOf(record: DataRecord): Dial | null {
  const { quantity, unit, decimal, function: kind, storageNumber, modifiers } = record;
  if (!QUANTITIES.has(quantity) || kind !== "instantaneous" || storageNumber !== 0 || decimal === null) return null;
  if (modifiers.some((modifier) => !COUNTED_APART.test(modifier))) return null;
  const { coefficient, exponent } = decimal;
  const power = BigInt(exponent) + PART;
  if (power < 0n) return null; // finer than any VIF's last digit of these quantities
  const step = 10n ** power;
  const bytes = BigInt(record.data.length / 2);
  const capacity = /^.[9A-Ea-e]/.test(record.dib) ? 100n ** bytes : 256n ** bytes;
  return { value: BigInt(coefficient) * step, capacity: capacity * step, step, unit };
}

/** What the telegrams of a readout say together, or null when they cannot be read here: encrypted, or not whole. */
function joined(frames: readonly Uint8Array[]): JoinedReadout | null {
  try {
    return joinTelegrams(frames.map((frame) => decodeTelegram(frame)));
  } catch (thrown) {
    if (thrown instanceof TelegramError) return null;
    throw thrown;
  }
}

function identityOf({ telegrams: [first] }: JoinedReadout): string {
  return `${first?.manufacturer} ${first?.identification} ${first?.version} ${first?.deviceTypeCode}`;
}
