import { createLog, EXIT, progressLine, runProgram, silentLog, UsageError } from "@mbus-gateway/resource";
import type { BusConfig } from "../config.ts";
import { systemClock } from "../clock.ts";
import { askGateway } from "../control/control_client.ts";
import { controlSocketPath } from "../control/control_path.ts";
import { claimLines } from "../line_claim.ts";
import { busHandlers } from "../requests/bus_handlers.ts";
import { RequestError } from "../requests/request_error.ts";
import type { ScanEvent } from "../scan/scan_report.ts";
import { spoolIsHeld } from "../spool_companion.ts";
import { type BusArguments, parseBusArguments } from "./bus_arguments.ts";
import { BUS_VERBS, type BusVerb, foundText, scanProgress } from "./bus_verbs.ts";
import { loneDesk } from "./lone_desk.ts";

export const BUS_HELP =
  `Commands for the meters on a wire. They ask the gateway that runs here, and open the port themselves where none runs.

${Object.values(BUS_VERBS).map(({ usage }) => `  ${usage}`).join("\n")}

  --config FILE  the gateway's configuration; default MBUS_GW_CONFIG, then /etc/mbus-gateway/config.yaml
  --bus NAME     which of its buses, where there are several
  --port PORT    a line of its own, without a configuration: tcp://HOST:PORT or a device; with --baud N (2400)
  --timeout-ms N with --port: how long a meter may take to begin its answer (1000). A scan waits little longer than the
                 standard says unless this is given, and then misses meters that are slower
  --json         one JSON object a line: what happens, and the result last

Exit codes: 0 done, 2 the command line is wrong, 3 the configuration is wrong, 4 the meter or the line failed.`;

/** What a failed request means for a script: the device, or what was asked. */
const USAGE_CODES = new Set(["invalid", "unknown_bus", "unknown_verb"]);

/** Runs one verb of the bus. @returns the exit code. */
export async function busCommand(name: string, args: string[]): Promise<number> {
  const verb = BUS_VERBS[name];
  if (verb === undefined) throw new UsageError(`Cannot run: there is no verb "${name}"`);
  const options = parseBusArguments(name, args);
  if (options.help) {
    console.log(BUS_HELP);
    return EXIT.ok;
  }
  const log = createLog({ level: "warn" });
  const params = { ...(options.bus !== null && { bus: options.bus }), ...verb.params(options, new Date()) };
  let code: number = EXIT.ok;
  const ended = await runProgram(async (signal) => {
    const show = presenter(options, verb);
    try {
      show.result(await resultOf(name, params, options, { signal, log, onProgress: show.progress }));
    } catch (thrown) {
      show.clear();
      if (signal.aborted) {
        if (options.json) show.failure(new RequestError("cancelled", `Cannot finish ${name}: it was interrupted`));
        return void (code = EXIT.failure);
      }
      if (!(thrown instanceof RequestError)) throw thrown;
      if (options.json) show.failure(thrown);
      else log.error(thrown.message);
      code = USAGE_CODES.has(thrown.code) ? EXIT.usage : EXIT.device;
    }
  }, { log });
  return ended === EXIT.ok ? code : ended;
}

interface Context {
  signal: AbortSignal;
  log: ReturnType<typeof createLog>;
  onProgress: (what: unknown) => void;
}

async function resultOf(verb: string, params: Record<string, unknown>, options: BusArguments, context: Context) {
  const { signal, log, onProgress } = context;
  if (options.port !== null) {
    const { port, baudRate, timeoutMs } = options;
    const bus = { name: "line", port, baudRate, timeoutMs: timeoutMs ?? undefined, meters: [] };
    return await here(verb, params, [bus], context);
  }
  const { loadConfig } = await import("../config.ts");
  const { dataFolder, buses } = loadConfig(options.config ?? defaultConfigPath());
  const answer = await askGateway(controlSocketPath(dataFolder), { verb, params, signal, onProgress });
  if (answer !== null) return answer.result;
  if (spoolIsHeld(`${dataFolder}/spool.db`)) {
    throw new RequestError("busy", `Cannot ${verb}: a gateway on this machine is just starting or ending; try again`);
  }
  using claim = claimLines(dataFolder, "command");
  if (claim === null) {
    throw new RequestError(
      "busy",
      `Cannot ${verb}: another command on this machine talks to the meters; wait for its end`,
    );
  }
  log.debug("No gateway runs here: opening the port");
  return await here(verb, params, buses, context);
}

/** The same as the gateway would do, on lines of our own. */
async function here(
  verb: string,
  params: Record<string, unknown>,
  buses: readonly Pick<BusConfig, "name" | "port" | "baudRate" | "timeoutMs" | "retries" | "meters">[],
  { signal, log, onProgress }: Context,
): Promise<unknown> {
  const { createRequests } = await import("../requests/requests.ts");
  const { requestMemory } = await import("../requests/request_memory.ts");
  const { encodeRequest, parseResponse } = await import("@mbus-gateway/wire");
  const clock = systemClock();
  using memory = requestMemory(":memory:");
  // What goes wrong is said once, by whoever asked; and who types a command does not wait for the clock.
  const asked = { gateway: "this-machine", memory, clock: { ...clock, trusted: () => true }, log: silentLog };
  const requests = createRequests(asked);
  using _ = requests.offer(busHandlers({ desk: loneDesk(buses, { log }), buses, clock }));
  const expiresAt = new Date(clock.now().getTime() + 60_000).toISOString();
  const bytes = new TextEncoder().encode(encodeRequest({ id: "1", expiresAt, params }));
  const parsed = (text: string) => parseResponse(new TextEncoder().encode(text));
  const { response } = await requests.handle({
    verb,
    bytes,
    signal,
    onProgress: (text) => {
      const response = parsed(text);
      if ("progress" in response) onProgress(response.progress);
    },
  });
  signal.throwIfAborted();
  const answer = parsed(response);
  if ("ok" in answer && answer.ok) return answer.result;
  if ("ok" in answer) throw new RequestError(answer.code, answer.error);
  throw new Error("Cannot read the answer: it is none");
}

function presenter({ json }: BusArguments, verb: BusVerb) {
  const line = progressLine();
  return {
    progress(what: unknown) {
      const event = what as ScanEvent;
      if (json) return console.log(JSON.stringify({ progress: event }));
      if (event.type === "found") {
        line.clear();
        console.log(foundText(event.meter));
      }
      const bar = scanProgress(event);
      if (bar !== null) line.show(bar.done, bar.total, bar.at);
    },
    clear: () => line.clear(),
    failure: ({ code, message }: RequestError) => console.log(JSON.stringify({ ok: false, code, error: message })),
    result(result: unknown) {
      line.clear();
      console.log(json ? JSON.stringify({ ok: true, result }) : verb.text(result));
    },
  };
}

function defaultConfigPath(): string {
  return Deno.env.get("MBUS_GW_CONFIG") || "/etc/mbus-gateway/config.yaml";
}
