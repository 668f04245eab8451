import { describeError } from "./describe_error.ts";

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
}

export interface LogOptions {
  level?: LogLevel;
  /** `text` for a person, `json` for a collector (one object a line). */
  format?: "text" | "json";
  fields?: LogFields;
  write?: (line: string) => void;
  now?: () => Date;
}

/**
 * A log to standard error.
 *
 * @example
 * ```ts
 * import { createLog } from "@mbus-gateway/resource";
 * const log = createLog({ format: "json", write: (line) => line });
 * log.warn("Cannot read meter", { meter: "p5", error: new Error("no answer") });
 * ```
 */
export function createLog(options: LogOptions = {}): Log {
  const { level = "info", format = "text", fields: common = {}, write = toStderr, now = () => new Date() } = options;
  const threshold = LOG_LEVELS.indexOf(level);
  const at = (own: LogLevel) => (message: string, fields: LogFields = {}) => {
    if (LOG_LEVELS.indexOf(own) < threshold) return;
    const all = describeErrors({ ...common, ...fields });
    const time = now().toISOString();
    write(format === "json" ? JSON.stringify({ time, level: own, message, ...all }) : text(time, own, message, all));
  };
  return {
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
    with: (fields) => createLog({ ...options, fields: { ...common, ...fields } }),
  };
}

/** A log that says nothing. */
export const silentLog: Log = createLog({ write: () => {} });

function describeErrors(fields: LogFields): LogFields {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, plain(value)]));
}

/** What JSON can hold. */
function plain(value: unknown): unknown {
  if (value instanceof Error) return describeError(value);
  return typeof value === "bigint" ? value.toString() : value;
}

function text(time: string, level: LogLevel, message: string, fields: LogFields): string {
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
