import { parseArgs } from "node:util";
import { UsageError } from "../../../shared/resource/program.ts";
import { wholeNumber } from "../arguments.ts";
import { USUAL_LEDGER } from "../usual_ledger.ts";
import { PEER_NAMES, type PeerName } from "./peers/mod.ts";

/** The most wireless meters; a receiver on a roof hears some hundreds. */
const MAX_METERS = 999;

export const WIRELESS_USAGE = `Simulates a wireless receiver with meters in earshot, over TCP or a pseudo-terminal.

  --wireless      says so (required)
  --receiver KIND ${PEER_NAMES.join(", ")} (im871a)
  --ledger FILE   the book of all telegrams, one JSON object a line; continued if it is there (${USUAL_LEDGER})
  --tcp PORT      TCP port on 127.0.0.1, 0 for any free one (0)
  --pty           a pseudo-terminal instead; its path is printed
  --meters N      how many meters, 1 to ${MAX_METERS}; the kinds and the ways of encryption in turn (6)
  --every SECONDS how often each meter sends (16)
  --seed N        other meters, other movement (1)
  --faults        telegrams are lost, repeated, spoilt and surrounded by noise
  --ignore-sigint leave Ctrl-C to the parent process, which sends SIGTERM
  --help          this text

A meter's key is its identification four times.`;

/** The command line of the wireless simulator, parsed. */
export interface WirelessArguments {
  receiver: PeerName;
  ledger: string;
  port: number;
  pty: boolean;
  meters: number;
  everyMs: number;
  seed: number;
  faults: boolean;
  ignoreSigint: boolean;
}

/**
 * Parses the command line of the wireless simulator.
 *
 * @throws {UsageError} saying what is wrong and how it is right.
 * @returns null when help was asked for.
 */
export function parseWirelessArguments(args: readonly string[]): WirelessArguments | null {
  const values = optionsOf(args);
  if (values.help) return null;
  if (values.pty && values.tcp !== undefined) {
    throw new UsageError("Cannot simulate: --tcp and --pty exclude each other");
  }
  const receiver = PEER_NAMES.find((name) => name === values.receiver);
  if (receiver === undefined) {
    throw new UsageError(
      `Cannot simulate: --receiver is "${values.receiver}", expected one of ${PEER_NAMES.join(", ")}`,
    );
  }
  return {
    receiver,
    ledger: values.ledger,
    port: wholeNumber("--tcp", values.tcp ?? "0", 0, 65_535),
    pty: values.pty,
    meters: wholeNumber("--meters", values.meters, 1, MAX_METERS),
    everyMs: 1000 * wholeNumber("--every", values.every, 1, 86_400),
    seed: wholeNumber("--seed", values.seed, 0, 1_000_000),
    faults: values.faults,
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
        wireless: flag,
        receiver: { ...text, default: "im871a" },
        ledger: { ...text, default: USUAL_LEDGER },
        tcp: text,
        pty: flag,
        meters: { ...text, default: "6" },
        every: { ...text, default: "16" },
        seed: { ...text, default: "1" },
        faults: flag,
        "ignore-sigint": flag,
        help: flag,
      },
    }).values;
  } catch (cause) {
    throw new UsageError(`Cannot simulate: ${(cause as Error).message}`, { cause });
  }
}
