/**
 * The gateway's entry, on a device and for the compiler; `main.ts` of the repository comes here as well.
 *
 * @module
 */
import { resolve } from "node:path";
import { describeError } from "@mbus-gateway/resource/describe_error";
import { createLog } from "@mbus-gateway/resource/log";
import { nearest } from "@mbus-gateway/resource/nearest";
import { EXIT, exitCodeOf, runProgram, UsageError } from "@mbus-gateway/resource/program";
import { VERSION } from "@mbus-gateway/wire/version";
import type { GatewayConfig } from "./config.ts";

const HELP = `mbus-gateway ${VERSION}, the gateway: reads M-Bus meters, keeps every readout, delivers it.

Usage: deno run -P=gateway … gateway/main.ts [VERB] [OPTIONS]

  run            Run the gateway (this is the default). --ignore-sigint leaves Ctrl-C to the parent process.
  tunnel         Hold a Cloudflare tunnel open for support: until Ctrl-C, for 30 minutes at most.
  scan, read, set-address, set-baud-rate, set-clock, application-reset, send
                 Look for meters on a wire, read and set one; "scan --help" explains.
  listen         Show what a wireless receiver hears; "listen --help" explains.
  list           The meters of the configuration: whether they answer, and when they were read last.
  spool status | export
                 What waits in the spool; all of it as NDJSON.
  doctor         Look at everything that the gateway needs; a line for each, with what to do.
  check-config   Say whether the configuration would work, or which key is wrong and why.
  flags          Print the words for deno run that follow from the configuration: --allow-…, and V8's.
  decode …       Decode M-Bus telegrams; "decode --help" explains.

  --config FILE  The configuration; default MBUS_GW_CONFIG, then /etc/mbus-gateway/config.yaml.
  --help         This text.
  --version      The version.

Exit codes: 0 ok, 1 failure, 2 usage, 3 configuration, 4 device, 13 permission.`;

const VERBS: Record<string, (args: string[]) => Promise<number>> = {
  run,
  tunnel,
  listen,
  "check-config": checkConfig,
  flags,
  scan: bus("scan"),
  read: bus("read"),
  "set-address": bus("set-address"),
  "set-baud-rate": bus("set-baud-rate"),
  "set-clock": bus("set-clock"),
  "application-reset": bus("application-reset"),
  send: bus("send"),
  list: async (args) => await (await import("./cli/list_command.ts")).listCommand(args),
  spool: async (args) => (await import("./cli/spool_command.ts")).spoolCommand(args),
  doctor: async (args) => await (await import("./doctor/doctor_command.ts")).doctorCommand(args),
  decode: async (args) => await (await import("./decode_command.ts")).decodeCommand(args),
  help: () => say(HELP),
  version: () => say(VERSION),
};

/**
 * Runs one verb of the gateway.
 *
 * @param args the verb and its options; without a verb, `run`.
 * @returns the exit code; what went wrong has been said on standard error.
 */
export async function gatewayMain(args: string[]): Promise<number> {
  try {
    const { verb, rest } = verbOf(args);
    return await verb(rest);
  } catch (thrown) {
    // A configuration has a line for each mistake, and so has the log.
    for (const line of describeError(thrown).split("\n")) createLog().error(line);
    return exitCodeOf(thrown);
  }
}

function verbOf([first = "run", ...rest]: string[]): { verb: (args: string[]) => Promise<number>; rest: string[] } {
  const name = { "--help": "help", "-h": "help", "--version": "version", "-V": "version" }[first] ?? first;
  if (name.startsWith("-")) return { verb: run, rest: [name, ...rest] };
  const verb = Object.hasOwn(VERBS, name) ? VERBS[name] : undefined;
  if (verb !== undefined) return { verb, rest };
  const near = nearest(name, Object.keys(VERBS));
  const hint = near === null ? `there are ${Object.keys(VERBS).join(", ")}` : `did you mean "${near}"?`;
  throw new UsageError(`Cannot run the gateway: there is no verb "${name}"; ${hint}`);
}

function bus(name: string): (args: string[]) => Promise<number> {
  return async (args) => await (await import("./cli/bus_command.ts")).busCommand(name, args);
}

async function run(args: string[]): Promise<number> {
  const { path, ignoreSigint, help } = optionsOf(args, ["--config", "--ignore-sigint"]);
  if (help) return await say(HELP);
  // Before the file is read: what a trial left of it may be no configuration.
  const { settleTrial } = await import("./config_pending.ts");
  settleTrial(resolve(path), createLog());
  const config = await configAt(path);
  const log = createLog(config.log);
  const { superviseGateway } = await import("./supervise.ts");
  const { supervisionFromEnvironment } = await import("./config.ts");
  const supervision = supervisionFromEnvironment();
  const onReady = () => console.log(JSON.stringify({ ready: true, gateway: config.gateway }));
  const { hasSerialPort, memoryCare } = await import("./memory_care.ts");
  return await runProgram(async (signal) => {
    using _memory = await memoryCare(log, { keepRight: hasSerialPort(config) });
    await superviseGateway({ path, signal, log, onReady, supervision });
  }, {
    log,
    signals: ignoreSigint ? ["SIGTERM"] : ["SIGTERM", "SIGINT"],
  });
}

async function tunnel(args: string[]): Promise<number> {
  const { path, help } = optionsOf(args, ["--config"]);
  if (help) return await say(HELP);
  const config = await configAt(path);
  const log = createLog(config.log);
  const { holdTunnel } = await import("./tunnel_command.ts");
  return await runProgram((signal) => holdTunnel(config, { signal, log, say: (line) => console.log(line) }), { log });
}

async function listen(args: string[]): Promise<number> {
  const { LISTEN_HELP, listenCommand, parseListenArguments } = await import("./radio/listen_command.ts");
  const options = parseListenArguments(args);
  if (options === null) return await say(LISTEN_HELP);
  const log = createLog();
  return await runProgram((signal) => listenCommand(options, { signal, log, say: (line) => console.log(line) }), {
    log,
  });
}

async function checkConfig(args: string[]): Promise<number> {
  const { path, help } = optionsOf(args, ["--config"]);
  if (help) return await say(HELP);
  const config = await configAt(path);
  // The words are part of it: what cannot be put on a command line cannot run with least privilege.
  const { gatewayFlags } = await import("./flags.ts");
  gatewayFlags(config, path);
  const wired = config.buses.map(({ name, port, meters }) => `${meters.length} meters on ${name} (${port})`);
  const wireless = config.radios.map(({ name, port, receiver, meters }) =>
    `${meters?.length ?? "all"} meters that ${receiver} hears on ${name} (${port})`
  );
  const list = [...wired, ...wireless].join(", ");
  return await say(`${path} is right: gateway ${config.gateway}, ${list}`);
}

async function flags(args: string[]): Promise<number> {
  const { path, help } = optionsOf(args, ["--config"]);
  if (help) return await say(HELP);
  const config = await configAt(path);
  const { gatewayFlags, SMALL_WORDS } = await import("./flags.ts");
  const { supervisionFromEnvironment } = await import("./config.ts");
  return await say([...SMALL_WORDS, ...gatewayFlags(config, path, supervisionFromEnvironment())].join(" "));
}

async function configAt(path: string): Promise<GatewayConfig> {
  const { loadConfig } = await import("./config.ts");
  return loadConfig(path);
}

function optionsOf(args: string[], known: string[]) {
  const options = { path: "", ignoreSigint: false, help: false };
  for (let index = 0; index < args.length; index++) {
    const [name = "", inline] = (args[index] ?? "").split(/=(.*)/s);
    if (name === "--help" || name === "-h") options.help = true;
    else if (!known.includes(name)) throw unknownOption(name, known);
    else if (name === "--ignore-sigint") options.ignoreSigint = true;
    else if (name === "--config") options.path = inline ?? args[++index] ?? "";
    if (name === "--config" && options.path === "") throw new UsageError("Cannot use --config: it needs a FILE");
  }
  options.path ||= Deno.env.get("MBUS_GW_CONFIG") || "/etc/mbus-gateway/config.yaml";
  return options;
}

function unknownOption(name: string, known: string[]): UsageError {
  const near = nearest(name, known);
  return new UsageError(
    `Cannot use "${name}": ${near === null ? `known are ${known.join(", ")}` : `did you mean "${near}"?`}`,
  );
}

function say(text: string): Promise<number> {
  console.log(text);
  return Promise.resolve(EXIT.ok);
}

if (import.meta.main) Deno.exit(await gatewayMain(Deno.args));
