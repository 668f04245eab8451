import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { UsageError } from "@mbus-gateway/resource";

export const USAGE = `Shows the whole product without hardware: simulated meters, gateway, broker, server, page.

  --http-port N   port of the page (8080)
  --mqtt-port N   port of the embedded broker (1883)
  --mbus-port N   port of the simulated M-Bus segment (10001)
  --data FOLDER   where everything is kept; a second start continues there (./data/demo)
  --verbose       show all that the programs log; without it, warnings and errors
  --help          this text

A port 0 is any free one. Ctrl-C ends everything in order; once more, a second later, at once.`;

/** The command line of the demo, parsed. */
export interface DemoArguments {
  httpPort: number;
  mqttPort: number;
  mbusPort: number;
  /** An absolute path. */
  data: string;
  verbose: boolean;
}

/**
 * Parses the demo's command line.
 *
 * @returns null when help was asked for.
 * @throws {UsageError} saying what is wrong and how it is right.
 */
export function parseDemoArguments(args: readonly string[]): DemoArguments | null {
  const values = optionsOf(args);
  if (values.help) return null;
  if (values.data.trim() === "") throw new UsageError("Cannot start demo: --data is empty, expected a folder");
  return {
    httpPort: port("--http-port", values["http-port"]),
    mqttPort: port("--mqtt-port", values["mqtt-port"]),
    mbusPort: port("--mbus-port", values["mbus-port"]),
    data: resolve(values.data),
    verbose: values.verbose,
  };
}

function optionsOf(args: readonly string[]) {
  const text = (value: string) => ({ type: "string", default: value }) as const;
  const flag = { type: "boolean", default: false } as const;
  try {
    return parseArgs({
      args: [...args],
      options: {
        "http-port": text("8080"),
        "mqtt-port": text("1883"),
        "mbus-port": text("10001"),
        data: text("data/demo"),
        verbose: flag,
        help: flag,
      },
    }).values;
  } catch (cause) {
    throw new UsageError(`Cannot start demo: ${(cause as Error).message}`, { cause });
  }
}

function port(name: string, text: string): number {
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text);
  throw new UsageError(
    `Cannot start demo: ${name} is "${text}", expected a port from 1 to 65535, or 0 for any free one`,
  );
}
