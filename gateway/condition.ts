import { describeError, type Log, type LogFields } from "@mbus-gateway/resource";

/** Something that works or fails, and is looked at again and again. */
export interface Condition {
  /** It failed: a warning, unless it failed the last time for the same reason. */
  fails(reason: unknown, fields?: LogFields): void;
  /** It works: a line, if it failed the last time. */
  works(fields?: LogFields): void;
}

/**
 * Reports a condition when it changes, so that what stays broken for a year is two lines in the log, not a million.
 *
 * @param again what to say when it works again.
 */
export function condition(log: Log, again: string): Condition {
  let last: string | null = null;
  return {
    fails(reason, fields) {
      const text = describeError(reason);
      if (text === last) return;
      last = text;
      log.warn(text, fields);
    },
    works(fields) {
      if (last !== null) log.info(again, fields);
      last = null;
    },
  };
}
