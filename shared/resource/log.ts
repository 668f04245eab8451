import { describeError } from "./describe_error.ts";
import { logFlood, type LogFloodOptions } from "./log_flood.ts";
import { type LogLine, type LogRing, logRing } from "./log_ring.ts";
import { fieldsWithoutSecrets, withoutSecretsIn } from "./log_secrets.ts";

export type { LogFloodOptions } from "./log_flood.ts";
export type { LogLine } from "./log_ring.ts";

/** How much it matters; a level includes those behind it. */
export const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;
export type LogLevel = typeof LOG_LEVELS[number];

/** Facts beside a message; an Error under any name is described in full. */
export type LogFields = Record<string, unknown>;

/** Writes what happened, a line each. */
export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** The same log with these fields on every line. */
  with(fields: LogFields): Log;
  /** The newest `limit` lines of the whole log, oldest first, as far as it remembers. */
  recent(limit: number): LogLine[];
}

export interface LogOptions {
  level?: LogLevel;
  /** `text` for a person, `json` for a collector (one object a line). */
  format?: "text" | "json";
  fields?: LogFields;
  write?: (line: string) => void;
  now?: () => Date;
  /** How many lines it remembers. Default 300. */
  keep?: number;
  /** The bound on lines that say the same; default ten a minute, and then how many there were more. */
  flood?: LogFloodOptions;
}

/**
 * A log to standard error. Secrets do not get into it: tokens, passwords, keys, a URL's credentials. The same message of
 * the same speaker (the fields of {@linkcode Log.with}) is written so many times in a minute and then counted.
 *
 * @example
 * ```ts
 * import { createLog } from "@mbus-gateway/resource";
 * const log = createLog({ format: "json", write: (line) => line });
 * log.warn("Cannot read meter", { meter: "p5", error: new Error("no answer") });
 * log.recent(1)[0]?.message; // "Cannot read meter"
 * ```
 */
export function createLog(options: LogOptions = {}): Log {
  const { level = "info", format = "text", write = toStderr, now = () => new Date() } = options;
  const flood = logFlood(options.flood ?? { burst: 10, windowMs: 60_000 });
  const ring = logRing(options.keep ?? 300);
  const out = (line: LogLine) => {
    ring.add(line);
    write(format === "json" ? json(line) : text(line));
  };
  const say: Say = (level, message, fields, speaker) => {
    const at = now();
    const time = at.toISOString();
    for (const { key, times } of flood.over(at.getTime())) {
      const [level, speaker, message] = JSON.parse(key) as [LogLevel, LogFields, string];
      out({ time, level, message: `${message} … repeated ${times} times`, fields: speaker });
    }
    const plain = { time, level, message: withoutSecretsIn(message), fields: plainFields({ ...speaker, ...fields }) };
    const key = JSON.stringify([level, plainFields(speaker), plain.message]);
    if (flood.admits(key, at.getTime())) out(plain);
  };
  return speaking(say, LOG_LEVELS.indexOf(level), options.fields ?? {}, ring);
}

/** A log that says nothing, and remembers nothing. */
export const silentLog: Log = createLog({ write: () => {}, keep: 0 });

type Say = (level: LogLevel, message: string, fields: LogFields, speaker: LogFields) => void;

function speaking(say: Say, threshold: number, speaker: LogFields, ring: LogRing): Log {
  const at = (level: LogLevel) => (message: string, fields: LogFields = {}) => {
    if (LOG_LEVELS.indexOf(level) >= threshold) say(level, message, fields, speaker);
  };
  return {
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
    with: (fields) => speaking(say, threshold, { ...speaker, ...fields }, ring),
    recent: (limit) => ring.recent(limit),
  };
}

function plainFields(fields: LogFields): LogFields {
  return fieldsWithoutSecrets(describeErrors(fields));
}

function describeErrors(fields: LogFields): LogFields {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, plain(value)]));
}

/** What JSON can hold. */
function plain(value: unknown): unknown {
  if (value instanceof Error) return describeError(value);
  return typeof value === "bigint" ? value.toString() : value;
}

function json({ fields, ...line }: LogLine): string {
  return JSON.stringify({ ...line, ...fields });
}

function text({ time, level, message, fields }: LogLine): string {
  const facts = Object.entries(fields).map(([name, value]) =>
    ` ${name}=${typeof value === "string" && /^[^\s"=\p{Cc}]+$/u.test(value) ? value : JSON.stringify(value)}`
  );
  return `${time} ${level.padEnd(5)} ${oneLine(message)}${facts.join("")}`;
}

/** Line ends and other control characters as escapes: what a device says must not look like a line of ours. */
function oneLine(message: string): string {
  return message.replaceAll(/\p{Cc}/gu, (character) => JSON.stringify(character).slice(1, -1));
}

function toStderr(line: string) {
  console.error(line);
}
