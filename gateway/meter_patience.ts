/** Which meters of a bus to ask in a round. */
export interface MeterPatience {
  /** Whether the meter's turn has come in this round. */
  asks(address: string): boolean;
  answered(address: string): void;
  failed(address: string): void;
  /** Ends the round; @returns whether any meter answered in it. */
  endRound(): boolean;
}

/** A meter that seems dead is asked at least this often, or in every round where the interval is longer. */
const LONGEST_WAIT_MS = 3_600_000;

interface Record {
  /** Rounds in a row in which it failed while others answered. */
  failures: number;
  /** Rounds that it still sits out. */
  sitsOut: number;
}

/**
 * Asks a meter that fails while its neighbours answer less and less often, up to once an hour: a dead meter costs its
 * time-outs in every round, and the others wait. It is asked in every round again as soon as it answers. A round in
 * which nobody answers says something of the line and nothing of the meters.
 */
export function meterPatience(intervalMs: number): MeterPatience {
  const most = Math.max(0, Math.floor(LONGEST_WAIT_MS / intervalMs) - 1);
  const records = new Map<string, Record>();
  const failed = new Set<string>();
  let anyAnswered = false;
  return {
    asks: (address) => (records.get(address)?.sitsOut ?? 0) === 0,
    answered(address) {
      records.delete(address);
      anyAnswered = true;
    },
    failed: (address) => void failed.add(address),
    endRound() {
      const answered = anyAnswered;
      for (const record of records.values()) record.sitsOut = Math.max(0, record.sitsOut - 1);
      if (answered) {
        for (const address of failed) {
          const failures = (records.get(address)?.failures ?? 0) + 1;
          // Once is no pattern: the first failure costs no round.
          records.set(address, { failures, sitsOut: Math.min(most, 2 ** Math.min(failures - 1, 30) - 1) });
        }
      }
      failed.clear();
      anyAnswered = false;
      return answered;
    },
  };
}
