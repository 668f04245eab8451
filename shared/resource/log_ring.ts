import type { LogLevel } from "./log.ts";

/** A line of a log, before it becomes text. */
export interface LogLine {
  /** ISO 8601 in UTC. */
  time: string;
  level: LogLevel;
  message: string;
  /** Without secrets, and nothing that JSON cannot hold. */
  fields: Record<string, unknown>;
}

/** The newest lines of a log, for whoever asks from afar. */
export interface LogRing {
  add(line: LogLine): void;
  /** The newest `limit` lines, oldest first. */
  recent(limit: number): LogLine[];
}

/** A memory of the newest `size` lines. */
export function logRing(size: number): LogRing {
  const lines: LogLine[] = [];
  /** Where the next line goes once the ring is full. */
  let next = 0;
  return {
    add(line) {
      if (size === 0) return;
      lines[next] = line;
      next = (next + 1) % size;
    },
    recent(limit) {
      const inOrder = [...lines.slice(next), ...lines.slice(0, next)];
      return limit <= 0 ? [] : inOrder.slice(-limit);
    },
  };
}
