import { EXIT, UsageError } from "@mbus-gateway/resource";
import { type GatewayConfig, loadConfig } from "../config.ts";
import { exists } from "../exists.ts";
import { inspectSpool } from "../spool_view.ts";
import { parseLookArguments } from "./look_arguments.ts";
import { type RunningStatus, runningStatus } from "./running_gateway.ts";
import { table } from "./table.ts";

const HELP = `list [--json] [--config FILE]

  The meters of the configuration: whether they answer and when they were read last. Asks the gateway that runs here;
  where none runs, the spool tells of those readouts that no server has confirmed yet.`;

/** A meter as it is listed. */
export interface ListedMeter {
  bus: string;
  address: string;
  state: "online" | "offline" | "unknown";
  lastReadAt: string | null;
}

/** Lists the meters. @returns the exit code. */
export async function listCommand(args: string[]): Promise<number> {
  const { words, config, json, help } = parseLookArguments("list", args);
  if (words.length > 0) throw new UsageError(`Cannot list: "${words[0]}" is not expected; list takes options only`);
  if (help) return say(HELP);
  const loaded = loadConfig(config);
  const running = await runningStatus(loaded.dataFolder, AbortSignal.timeout(5_000));
  const meters = listed(loaded, running, waitingIn(`${loaded.dataFolder}/spool.db`));
  if (json) return say(meters.map((meter) => JSON.stringify(meter)).join("\n"));
  const rows = meters.map(({ bus, address, state, lastReadAt }) => [bus, address, state, lastReadAt ?? "-"]);
  const note = running === null ? "\n\nNo gateway runs here: whether a meter answers is not known." : "";
  return say(table([["bus", "meter", "state", "last read"], ...rows]) + note);
}

/**
 * The meters of a configuration, in its order, then those that were heard by radio and wait in the spool.
 *
 * @param waiting when the newest readout in the spool was read, by bus and address.
 */
export function listed(
  { buses, radios }: Pick<GatewayConfig, "buses" | "radios">,
  running: RunningStatus | null,
  waiting: ReadonlyMap<string, string>,
): ListedMeter[] {
  const known = new Map(running?.meters.map((meter) => [`${meter.bus}/${meter.address}`, meter]));
  const heard = [...known.values(), ...placesOf(waiting)];
  const wireless = radios.flatMap(({ name }) => {
    const addresses = heard.filter(({ bus }) => bus === name).map(({ address }) => address);
    return [...new Set(addresses)].map((address) => ({ name, address }));
  });
  const wired = buses.flatMap(({ name, meters }) => meters.map(({ address }) => ({ name, address })));
  return [...wired, ...wireless].map(({ name, address }): ListedMeter => {
    const meter = known.get(`${name}/${address}`);
    const spooled = waiting.get(`${name}/${address}`) ?? null;
    const lastReadAt = meter?.lastReadAt ?? spooled;
    return { bus: name, address, state: meter?.state ?? "unknown", lastReadAt };
  });
}

function placesOf(waiting: ReadonlyMap<string, string>): { bus: string; address: string }[] {
  return [...waiting.keys()].map((place) => {
    const slash = place.indexOf("/"); // a bus's name has none
    return { bus: place.slice(0, slash), address: place.slice(slash + 1) };
  });
}

function waitingIn(path: string): Map<string, string> {
  if (!exists(path)) return new Map();
  using spool = inspectSpool(path);
  return new Map(spool.latest().map(({ bus, address, readAt }) => [`${bus}/${address}`, readAt]));
}

function say(text: string): number {
  console.log(text);
  return EXIT.ok;
}
