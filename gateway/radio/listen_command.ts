import { parseArgs } from "node:util";
import { ConfigurationError, type Log, UsageError } from "@mbus-gateway/resource";
import { askGateway } from "../control/control_client.ts";
import { controlSocketPath } from "../control/control_path.ts";
import { TelegramDecoder } from "../decode_outcome.ts";
import type { HeardTelegram } from "./heard_telegram.ts";
import { heardJson, heardLine } from "./heard_text.ts";
import { readKeyFile } from "./key_file.ts";
import { listenAt, type ListenAtOptions } from "./listen.ts";
import { modesText, modesTogether } from "./modes.ts";
import { type RadioBusConfig, radioContradictions } from "./radio_config.ts";
import { RADIO_MODES, type RadioMode } from "./receiver_protocol.ts";
import { RECEIVER_NAMES, type ReceiverName } from "./receivers/mod.ts";

export const LISTEN_HELP = `Shows what a wireless receiver hears, every telegram, until Ctrl-C.

Usage: listen [--config FILE] [--bus NAME] [--keys FILE] [--json]
       listen --receiver KIND --port PORT [--modes C,T] [--keys FILE] [--json]

  --bus NAME       A wireless bus of the configuration; needed where there are several.
  --receiver KIND  ${RECEIVER_NAMES.join(", ")}: without a configuration.
  --port PORT      A device, tcp://HOST:PORT, or stdin for the lines of rtl_wmbus and rtl_433.
  --modes LIST     C, T, S, or C,T.
  --keys FILE      Keys of encrypted meters, as "decode --keys" takes them.
  --json           One JSON object a line.

Where a gateway runs, that one is asked: a receiver has one owner.`;

/** What `listen` was asked for. */
export interface ListenArguments {
  config: string;
  bus: string | null;
  /** In place of a configuration. */
  direct: { receiver: ReceiverName; port: string; modes?: readonly RadioMode[] } | null;
  keys: string | null;
  json: boolean;
}

/**
 * Parses what stands behind the verb.
 *
 * @returns null when help was asked for.
 * @throws {UsageError}
 */
export function parseListenArguments(args: readonly string[]): ListenArguments | null {
  const { help, receiver, port, modes, config, bus, keys, json } = optionsOf(args);
  if (help) return null;
  if ((receiver === undefined) !== (port === undefined)) {
    throw new UsageError("Cannot listen: --receiver and --port go together");
  }
  const direct = receiver === undefined || port === undefined ? null : directly(receiver, port, modes);
  if (direct === null && modes !== undefined) {
    throw new UsageError("Cannot listen: --modes goes with --receiver and --port");
  }
  return {
    config: config ?? (Deno.env.get("MBUS_GW_CONFIG") || "/etc/mbus-gateway/config.yaml"),
    ...{ bus: bus ?? null, direct, keys: keys ?? null, json },
  };
}

function optionsOf(args: readonly string[]) {
  const text = { type: "string" } as const;
  const flag = { type: "boolean", default: false } as const;
  const options = {
    ...{ config: text, bus: text, receiver: text, port: text, modes: text, keys: text },
    ...{ json: flag, help: { ...flag, short: "h" } },
  } as const;
  try {
    return parseArgs({ args: [...args], options }).values;
  } catch (cause) {
    throw new UsageError(`Cannot listen: ${(cause as Error).message}`, { cause });
  }
}

function directly(kind: string, port: string, list: string | undefined): ListenArguments["direct"] {
  const receiver = RECEIVER_NAMES.find((name) => name === kind);
  if (receiver === undefined) {
    throw new UsageError(`Cannot listen: --receiver is "${kind}", expected one of ${RECEIVER_NAMES.join(", ")}`);
  }
  const [problem] = radioContradictions({ receiver, port });
  if (problem !== undefined) throw new UsageError(`Cannot listen: --port is ${port}, expected ${problem.expected}`);
  if (list === undefined) return { receiver, port };
  const wanted = list.toUpperCase().split(",");
  const known = RADIO_MODES.filter((mode) => wanted.includes(mode));
  const modes = known.length === wanted.length ? modesTogether(receiver, known) : null;
  if (modes !== null) return { receiver, port, modes };
  throw new UsageError(
    `Cannot listen: --modes is "${list}", expected what ${receiver} can hear: ${modesText(receiver)}`,
  );
}

/**
 * Asks the gateway that runs here, or opens the receiver, and says each telegram as one line, until `signal` aborts or
 * standard input ends.
 *
 * @throws {ConfigurationError}, {DeviceError}
 */
export async function listenCommand(
  { config, bus, direct, keys: keysNamed, json }: ListenArguments,
  { say, ...rest }:
    & { signal: AbortSignal; log: Log; say: (line: string) => void }
    & Pick<ListenAtOptions, "turnMs" | "answerMs" | "open">,
): Promise<void> {
  const { keysFile, socket, ...receiver } = direct === null
    ? await configured(config, bus)
    : { ...direct, bus: direct.port, keysFile: undefined, socket: null };
  const show = (heard: HeardTelegram) => say(json ? JSON.stringify(heardJson(heard)) : heardLine(heard));
  const named = keysNamed === null ? undefined : readKeyFile(keysNamed);
  // What the gateway tells it has decoded with the keys that it knows; with others it is decoded here.
  const decoder = named && new TelegramDecoder(named);
  const onTold = ({ text, ...told }: Told) => {
    if (decoder === undefined) return say(json ? JSON.stringify(told) : text);
    const frame = Uint8Array.fromHex(told.frame);
    show({ ...told, frame, outcome: decoder.decode(frame) });
  };
  if (socket !== null && await listenThrough(socket, receiver.bus, { signal: rest.signal, onTold })) return;
  const keys = named ?? (keysFile === undefined ? undefined : readKeyFile(keysFile));
  for await (const heard of listenAt({ ...rest, ...receiver, keys })) show(heard);
}

/** What the running gateway tells of a telegram: the object for programs, and the line for people. */
type Told = Omit<HeardTelegram, "frame" | "outcome"> & { frame: string; text: string };

/** @returns false when no gateway runs that could be asked. */
async function listenThrough(
  socket: string,
  bus: string,
  { signal, onTold }: { signal: AbortSignal; onTold: (told: Told) => void },
): Promise<boolean> {
  const onProgress = (what: unknown) => onTold(what as Told);
  const params = { bus, seconds: LISTEN_SECONDS };
  try {
    while (await askGateway(socket, { verb: "listen", params, signal, onProgress }) !== null);
    return false;
  } catch (thrown) {
    if (signal.aborted) return true;
    throw thrown;
  }
}

/** So long at a time, then again. */
const LISTEN_SECONDS = 3_600;

/** The one wireless bus that is meant. */
async function configured(path: string, name: string | null) {
  const { loadConfig } = await import("../config.ts");
  const { radios, dataFolder } = loadConfig(path);
  const found = radios.filter((radio) => name === null || radio.name === name);
  const [radio] = found;
  if (radio === undefined || found.length > 1) throw whichOne(path, radios, name);
  const { receiver, port, baudRate, modes, keysFile } = radio;
  return { bus: radio.name, receiver, port, baudRate, modes, keysFile, socket: controlSocketPath(dataFolder) };
}

function whichOne(path: string, radios: readonly RadioBusConfig[], name: string | null): Error {
  const names = radios.map((radio) => radio.name).join(", ");
  if (radios.length === 0) return new ConfigurationError(`Cannot listen: ${path} has no bus with a receiver`);
  if (name === null) {
    return new UsageError(`Cannot listen: there are several wireless buses; name one of ${names} with --bus`);
  }
  return new UsageError(`Cannot listen: there is no wireless bus "${name}"; there are ${names}`);
}
