/** A meter that sends once in the interval may come a little early. */
const EARLY = 0.9;
/** Strangers are filtered before; a neighbourhood's worth of meters with several kinds of telegrams each. */
const MOST_KINDS = 20_000;

/**
 * Lets one telegram of each kind of each meter through in an interval: the first that comes once it has passed. A meter
 * in mode T may send every few seconds; its kinds (a full and a compact frame, say) are told apart, so that none hides
 * another.
 */
export class TelegramPace {
  readonly #taken = new Map<string, number>();

  /** @param intervalMs null lets every telegram through. */
  constructor(private readonly intervalMs: number | null) {}

  /** Whether the kind's interval has passed. */
  isDue(kind: string, nowMs: number): boolean {
    const last = this.#taken.get(kind);
    return this.intervalMs === null || last === undefined || nowMs - last >= EARLY * this.intervalMs;
  }

  /** It has been taken: the interval begins. */
  took(kind: string, nowMs: number): void {
    if (this.intervalMs === null) return;
    this.#taken.delete(kind);
    this.#taken.set(kind, nowMs);
    const [oldest] = this.#taken.keys();
    if (this.#taken.size > MOST_KINDS && oldest !== undefined) this.#taken.delete(oldest);
  }
}
