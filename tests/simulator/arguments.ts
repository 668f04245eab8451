import { parseArgs } from "node:util";
import { UsageError } from "../../shared/resource/program.ts";
import { FAULT_KINDS, type FaultRates } from "./faults.ts";
import { USUAL_LEDGER } from "./usual_ledger.ts";
import { MAX_METERS } from "./meters.ts";
import { type Population, POPULATIONS } from "./population.ts";

export const USAGE =
  `Simulates an M-Bus segment behind a level converter, over TCP and, if asked for, a pseudo-terminal.

  --ledger FILE   the book of all answers, one JSON object a line; continued if it is there (${USUAL_LEDGER})
  --state FILE    where the meters' counters are kept over a restart

 The line
  --tcp N, --port N  TCP port, 0 for any free one (0)
  --host ADDRESS  address to listen on (127.0.0.1)
  --rfc2217       the TCP port is a device server's: telnet, with settings by RFC 2217
  --pty           a pseudo-terminal besides, whose path is printed: a serial port for the gateway to open
  --link PATH     a link to it that always leads to the present one, as those under /dev/serial/by-id do
  --baud N        let bytes take as long as on a line of this rate; without it they take no time
  --echo          the converter hears its own requests

 The meters
  --meters N      how many, 1 to ${MAX_METERS}; the kinds in turn (6)
  --population P  their addresses: in_order (numbers in a row), random, or colliding (one number for all: they differ in
                  version, device type, maker, and some in nothing but the fabrication number) (in_order)
  --slow N        how many of them think for long before they answer (0)
  --slow-ms MS    how long that is (800)
  --seed N        other meters, other movement, other faults (1)

 What goes wrong
  --fault KIND=RATE  so many of the answers, 0 to 1; may be said again for another kind:
                  ${FAULT_KINDS.join(", ")}.
                  Meters that speak at once collide without being asked to.
  --delay-ms MS   the longest delay (500)
  --hang-ms MS    how long a line hangs (30000)
  --replug-ms MS  how long a pseudo-terminal is away that was unplugged; it comes back under another name (2000)

  --ignore-sigint leave Ctrl-C to the parent process, which sends SIGTERM
  --help          this text

  --wireless      a receiver and meters that send by radio instead: --wireless --help

Prints one JSON object a line: {"ready":true,"port":N,"pty":PATH} at the beginning, {"pty":PATH} for each new one. What
SND_UD tells meters, they do: primary address, baud rate, clock, application reset.`;

/** The command line of the simulator, parsed. */
export interface SimulatorArguments {
  ledger: string;
  port: number;
  hostname: string;
  rfc2217: boolean;
  pty: boolean;
  link?: string;
  echo: boolean;
  meters: number;
  population: Population;
  slow: { meters: number; ms: number };
  state?: string;
  seed: number;
  baudRate?: number;
  faults: FaultRates;
  delayMs: number;
  hangMs: number;
  replugMs: number;
  ignoreSigint: boolean;
}

const LONGEST_MS = 86_400_000;

/**
 * Parses the simulator's command line.
 *
 * @throws {UsageError} saying what is wrong and how it is right.
 * @returns null when help was asked for.
 */
export function parseSimulatorArguments(args: readonly string[]): SimulatorArguments | null {
  const values = optionsOf(args);
  if (values.help) return null;
  if (values.link !== undefined && !values.pty) throw new UsageError("Cannot simulate: --link is one to a --pty");
  return {
    ledger: values.ledger,
    port: wholeNumber(values.tcp === undefined ? "--port" : "--tcp", values.tcp ?? values.port, 0, 65_535),
    hostname: values.host,
    rfc2217: values.rfc2217,
    pty: values.pty,
    link: values.link,
    echo: values.echo,
    meters: wholeNumber("--meters", values.meters, 1, MAX_METERS),
    population: populationNamed(values.population),
    slow: {
      meters: wholeNumber("--slow", values.slow, 0, MAX_METERS),
      ms: wholeNumber("--slow-ms", values["slow-ms"], 0, LONGEST_MS),
    },
    state: values.state,
    seed: wholeNumber("--seed", values.seed, 0, 1_000_000),
    baudRate: values.baud === undefined ? undefined : wholeNumber("--baud", values.baud, 300, 38_400),
    faults: ratesOf(values.fault),
    delayMs: wholeNumber("--delay-ms", values["delay-ms"], 0, LONGEST_MS),
    hangMs: wholeNumber("--hang-ms", values["hang-ms"], 0, LONGEST_MS),
    replugMs: wholeNumber("--replug-ms", values["replug-ms"], 0, LONGEST_MS),
    ignoreSigint: values["ignore-sigint"],
  };
}

function optionsOf(args: readonly string[]) {
  const text = { type: "string" } as const;
  const flag = { type: "boolean", default: false } as const;
  try {
    return parseArgs({
      args: [...args],
      options: {
        ledger: { ...text, default: USUAL_LEDGER },
        state: text,
        baud: text,
        tcp: text,
        port: { ...text, default: "0" },
        host: { ...text, default: "127.0.0.1" },
        rfc2217: flag,
        pty: flag,
        link: text,
        echo: flag,
        meters: { ...text, default: "6" },
        population: { ...text, default: "in_order" },
        slow: { ...text, default: "0" },
        "slow-ms": { ...text, default: "800" },
        seed: { ...text, default: "1" },
        fault: { ...text, multiple: true, default: [] as string[] },
        "delay-ms": { ...text, default: "500" },
        "hang-ms": { ...text, default: "30000" },
        "replug-ms": { ...text, default: "2000" },
        "ignore-sigint": flag,
        help: flag,
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

function populationNamed(text: string): Population {
  const population = POPULATIONS.find((name) => name === text);
  if (population !== undefined) return population;
  throw new UsageError(`Cannot simulate: --population is "${text}", expected one of ${POPULATIONS.join(", ")}`);
}

function ratesOf(texts: readonly string[]): FaultRates {
  const rates: FaultRates = {};
  for (const text of texts) {
    const [name = "", rate = ""] = text.split("=");
    const kind = FAULT_KINDS.find((kind) => kind === name);
    if (kind === undefined || !/^(?:0(?:\.\d+)?|\.\d+|1(?:\.0+)?)$/.test(rate)) {
      throw new UsageError(
        `Cannot simulate: --fault is "${text}", expected ${FAULT_KINDS.join(", ")}, "=" and a rate from 0 to 1`,
      );
    }
    rates[kind] = Number(rate);
  }
  const sum = Object.values(rates).reduce((total, rate) => total + rate, 0);
  if (sum > 1) throw new UsageError(`Cannot simulate: the rates of --fault come to ${sum}, expected at most 1`);
  return rates;
}
