import { parseArgs } from "node:util";
import { UsageError } from "@mbus-gateway/resource";

/** What every verb of the bus can be told. */
export interface BusArguments {
  /** Words that are no options, in order. */
  words: string[];
  config: string | null;
  bus: string | null;
  /** A line of one's own, without a configuration. */
  port: string | null;
  baudRate: number;
  /** How long a meter on a line of one's own may take to begin its answer; null for the usual. */
  timeoutMs: number | null;
  json: boolean;
  help: boolean;
  allBauds: boolean;
  secondary: boolean;
}

const text = { type: "string" } as const;
const flag = { type: "boolean", default: false } as const;

const OPTIONS = {
  ...{ config: text, bus: text, port: text, baud: { ...text, default: "2400" }, "timeout-ms": text },
  ...{ json: flag, help: flag },
};
const SCAN_OPTIONS = { "all-bauds": flag, secondary: flag };

const BAUD_RATES = ["300", "600", "1200", "2400", "4800", "9600", "19200", "38400"];

/**
 * Parses the command line of a verb of the bus.
 *
 * @throws {UsageError} saying what is wrong.
 */
export function parseBusArguments(verb: string, args: string[]): BusArguments {
  const options = { ...OPTIONS, ...SCAN_OPTIONS };
  let parsed;
  try {
    parsed = parseArgs({ args, options, allowPositionals: true });
  } catch (cause) {
    throw new UsageError(`Cannot ${verb}: ${(cause as Error).message}`, { cause });
  }
  const { values, positionals } = parsed;
  if (verb !== "scan" && (values["all-bauds"] || values.secondary)) {
    throw new UsageError(`Cannot ${verb}: --all-bauds and --secondary are for scan`);
  }
  if (!BAUD_RATES.includes(values.baud)) {
    throw new UsageError(`Cannot ${verb}: --baud is "${values.baud}", expected one of ${BAUD_RATES.join(", ")}`);
  }
  const timeout = values["timeout-ms"];
  if (timeout !== undefined && values.port === undefined) {
    throw new UsageError(`Cannot ${verb}: --timeout-ms goes with --port; a configuration says timeoutMs itself`);
  }
  if (timeout !== undefined && (!/^\d{2,5}$/.test(timeout) || Number(timeout) < 10 || Number(timeout) > 60_000)) {
    throw new UsageError(`Cannot ${verb}: --timeout-ms is "${timeout}", expected a whole number from 10 to 60000`);
  }
  if (values.port !== undefined && (values.config ?? values.bus) !== undefined) {
    throw new UsageError(`Cannot ${verb}: --port names a line of its own; leave --config and --bus out`);
  }
  return {
    words: positionals,
    config: values.config ?? null,
    bus: values.bus ?? null,
    port: values.port ?? null,
    baudRate: Number(values.baud),
    timeoutMs: timeout === undefined ? null : Number(timeout),
    json: values.json,
    help: values.help,
    allBauds: values["all-bauds"],
    secondary: values.secondary,
  };
}
