/** Where in the spool a message of readouts begins that were never sent, how far it may go, and how many it may hold. */
export interface FreshRange {
  after: number;
  upTo: number;
  limit: number;
}

/** What was never sent, apart in the live readouts, which go at once, and the backlog, which goes at a capped rate. */
export interface Backlog {
  /**
   * Takes note of the newest number in the spool. When sending has fallen behind by more than a message, all up to it
   * is backlog from now on, so that whatever is taken next passes it.
   */
  noteNewest(newest: number): void;
  /** The live readouts that have not been sent; null without any. */
  live(limit: number): FreshRange | null;
  /** The oldest of the backlog, as far as its rate allows; null when there is none or it is too early. */
  next(now: number, limit: number): FreshRange | null;
  /** One of the backlog, whatever the rate: to find out whether a server is there. */
  probe(): FreshRange | null;
  /** These were sent for the first time. @returns whether they are live ones. */
  sent(seqs: readonly number[], now: number): boolean;
  /** There is nothing to send up to this number. */
  empty(upTo: number): void;
  /** When the rate allows the next message of the backlog; null without one. */
  nextAt(): number | null;
}

export interface BacklogOptions {
  /** Readouts of the backlog that are sent in a minute. */
  perMinute: number;
  /** The most readouts of one message, and how far the live ones may fall behind. */
  messageReadouts: number;
}

/** Readouts of the backlog gather for so long, to travel together. */
const GATHER_MS = 5_000;

/** Ranges of numbers; every time is in milliseconds on the caller's monotonic clock. */
export function backlog({ perMinute, messageReadouts }: BacklogOptions): Backlog {
  const perMs = perMinute / 60_000;
  const most = Math.max(1, Math.floor(Math.min(messageReadouts, perMs * GATHER_MS)));
  const ranges: { first: number; last: number }[] = [];
  /** All up to this one has been sent or is backlog. */
  let live = 0;
  /** How many may go at once, and when that was so. */
  let allowance = { count: most, at: 0 };

  // The rest is for rounding: what is due at nextAt() is due then.
  const allowed = (now: number) => Math.min(most, allowance.count + Math.max(0, now - allowance.at) * perMs + 1e-6);
  /** As many as gather, or all that is left. */
  const wanted = (first: number, last: number) => Math.min(most, last - first + 1);
  const trim = (upTo: number) => {
    for (let range = ranges[0]; range !== undefined && range.first <= upTo; range = ranges[0]) {
      if (range.last > upTo) range.first = upTo + 1;
      else ranges.shift();
    }
  };
  let newest = 0;
  return {
    noteNewest(number) {
      newest = number;
      if (newest - live <= messageReadouts) return;
      ranges.push({ first: live + 1, last: newest });
      live = newest;
    },
    live: (limit) => newest > live ? { after: live, upTo: newest, limit } : null,
    next(now, limit) {
      const [range] = ranges;
      if (range === undefined || limit < 1) return null;
      const count = allowed(now);
      if (count < wanted(range.first, range.last)) return null;
      return { after: range.first - 1, upTo: range.last, limit: Math.min(limit, Math.floor(count)) };
    },
    probe() {
      const [range] = ranges;
      return range === undefined ? null : { after: range.first - 1, upTo: range.last, limit: 1 };
    },
    sent(seqs, now) {
      const last = Math.max(...seqs);
      if (last > live) {
        live = last;
        return true;
      }
      allowance = { count: allowed(now) - seqs.length, at: now };
      trim(last);
      return false;
    },
    empty(upTo) {
      if (upTo > live) live = upTo;
      else trim(upTo);
    },
    nextAt() {
      const [range] = ranges;
      if (range === undefined) return null;
      return allowance.at + Math.max(0, wanted(range.first, range.last) - allowance.count) / perMs;
    },
  };
}
