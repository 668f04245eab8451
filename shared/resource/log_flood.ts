/** Holds back what says the same again and again. */
export interface LogFlood {
  /**
   * Whether this line may be written.
   *
   * @param key equal for lines that say the same.
   */
  admits(key: string, now: number): boolean;
  /** What was held back in windows that are over: told once. */
  over(now: number): { key: string; times: number }[];
}

export interface LogFloodOptions {
  /** So many lines that say the same are written in a window. */
  burst: number;
  windowMs: number;
}

interface Window {
  end: number;
  lines: number;
}

/** More kinds of lines at a time than a program has; beyond it the oldest window is forgotten. */
const MOST_WINDOWS = 1_000;

/** A bound on lines that say the same: a fault in a loop fills no disk. */
export function logFlood({ burst, windowMs }: LogFloodOptions): LogFlood {
  // In the order in which they end, since all are of one length.
  const windows = new Map<string, Window>();
  return {
    admits(key, now) {
      const window = windows.get(key);
      if (window === undefined) {
        windows.set(key, { end: now + windowMs, lines: 1 });
        return true;
      }
      return ++window.lines <= burst;
    },
    over(now) {
      const told: { key: string; times: number }[] = [];
      for (const [key, { end, lines }] of windows) {
        // A clock that was set back must not hold lines back for longer.
        if (end > now && end <= now + windowMs && windows.size <= MOST_WINDOWS) break;
        windows.delete(key);
        if (lines > burst) told.push({ key, times: lines - burst });
      }
      return told;
    },
  };
}
