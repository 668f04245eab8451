/** Which meters of a bus to ask, and how patiently. All times are milliseconds on the monotonic clock. */
export interface MeterPatience {
  /** Whether the meter takes part in the rounds; one that is known to be dead does not. */
  inRounds(address: string): boolean;
  /** A dead meter whose turn for one more try has come. */
  probe(now: number): string | null;
  /** When the next probe is due; `Infinity` without dead meters. */
  nextProbeAt(): number;
  answered(address: string, now: number): void;
  failed(address: string, now: number): void;
  /**
   * Whether nobody has answered since this meter failed the last time: asking it again would close a full circle of
   * silence, which says something of the line and nothing of the meters. It then begins anew.
   */
  fullCircle(address: string): boolean;
}

export interface MeterPatienceOptions {
  /** The first wait of a dead meter. */
  firstMs: number;
  /** Each wait is twice the one before, up to this. Default one hour. */
  longestMs?: number;
}

interface Dead {
  waitMs: number;
  probeAt: number;
}

const LONGEST_MS = 3_600_000;

/**
 * Takes a meter that fails while others answer out of the rounds: it costs its time-outs once, and then one bounded
 * try now and then between the rounds, after growing waits. It is back in the rounds as soon as it answers.
 */
export function meterPatience({ firstMs, longestMs = LONGEST_MS }: MeterPatienceOptions): MeterPatience {
  const dead = new Map<string, Dead>();
  /** Those in the rounds that have failed since the last answer of anybody: of them it is not yet known who is to blame. */
  const doubtful = new Set<string>();
  const bury = (address: string, waitMs: number, now: number) => {
    dead.set(address, { waitMs, probeAt: now + waitMs });
  };
  return {
    inRounds: (address) => !dead.has(address),
    probe(now) {
      let first: string | null = null;
      let firstAt = now;
      for (const [address, { probeAt }] of dead) {
        if (probeAt > firstAt) continue;
        [first, firstAt] = [address, probeAt];
      }
      return first;
    },
    nextProbeAt: () => Math.min(Infinity, ...[...dead.values()].map(({ probeAt }) => probeAt)),
    answered(address, now) {
      dead.delete(address);
      doubtful.delete(address);
      for (const silent of doubtful) bury(silent, Math.min(firstMs, longestMs), now);
      doubtful.clear();
    },
    failed(address, now) {
      const before = dead.get(address);
      if (before === undefined) doubtful.add(address);
      else bury(address, Math.min(longestMs, 2 * before.waitMs), now);
    },
    fullCircle(address) {
      if (!doubtful.has(address)) return false;
      doubtful.clear();
      return true;
    },
  };
}
