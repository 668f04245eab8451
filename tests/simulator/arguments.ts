import { parseArgs } from "node:util";
import { UsageError } from "../../shared/resource/program.ts";
import { MAX_METERS } from "./meters.ts";

export const USAGE = `Simulates an M-Bus segment behind a TCP level converter.

  --ledger FILE   the book of all answers, one JSON object a line; continued if it is there (required)
  --port N        TCP port, 0 for any free one (0)
  --host ADDRESS  address to listen on (127.0.0.1)
  --meters N      how many meters, 1 to ${MAX_METERS}; the kinds in turn (6)
  --state FILE    where the meters' counters are kept over a restart
  --seed N        other meters, other movement (1)
  --baud N        let bytes take as long as on a line of this rate; without it they take no time
  --ignore-sigint leave Ctrl-C to the parent process, which sends SIGTERM
  --help          this text`;

/** The command line of the simulator, parsed. */
export interface SimulatorArguments {
  ledger: string;
  port: number;
  hostname: string;
  meters: number;
  state?: string;
  seed: number;
  baudRate?: number;
  ignoreSigint: boolean;
}

/**
 * Parses the simulator's command line.
 *
 * @throws {UsageError} saying what is wrong and how it is right.
 * @returns null when help was asked for.
 */
export function parseSimulatorArguments(args: readonly string[]): SimulatorArguments | null {
  const values = optionsOf(args);
  if (values.help) return null;
  if (values.ledger === undefined) throw new UsageError("Cannot simulate: --ledger FILE is missing");
  return {
    ledger: values.ledger,
    port: wholeNumber("--port", values.port, 0, 65_535),
    hostname: values.host,
    meters: wholeNumber("--meters", values.meters, 1, MAX_METERS),
    state: values.state,
    seed: wholeNumber("--seed", values.seed, 0, 1_000_000),
    baudRate: values.baud === undefined ? undefined : wholeNumber("--baud", values.baud, 300, 38_400),
    ignoreSigint: values["ignore-sigint"],
  };
}

function optionsOf(args: readonly string[]) {
  const text = { type: "string" } as const;
  try {
    return parseArgs({
      args: [...args],
      options: {
        ledger: text,
        state: text,
        baud: text,
        port: { ...text, default: "0" },
        host: { ...text, default: "127.0.0.1" },
        meters: { ...text, default: "6" },
        seed: { ...text, default: "1" },
        "ignore-sigint": { type: "boolean", default: false },
        help: { type: "boolean", default: false },
      },
    }).values;
  } catch (cause) {
    throw new UsageError(`Cannot simulate: ${(cause as Error).message}`, { cause });
  }
}

/** A number of the command line, or a {@linkcode UsageError}. */
export function wholeNumber(name: string, text: string, lowest: number, highest: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= lowest && value <= highest) return value;
  throw new UsageError(`Cannot simulate: ${name} is "${text}", expected a whole number from ${lowest} to ${highest}`);
}
