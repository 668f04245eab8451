/**
 * The server's entry, in the cloud and for the compiler; `main.ts` of the repository comes here as well.
 *
 * @module
 */
import { createLog, describeError, EXIT, exitCodeOf, nearest, runProgram, UsageError } from "@mbus-gateway/resource";
import { VERSION } from "@mbus-gateway/wire";
import type { ServerRole } from "./mod.ts";
import { loadConfig, type ServerConfig, VARIABLES } from "./config.ts";

const HELP = `mbus-gateway ${VERSION}, the server: takes readouts in, stores them, answers the API, shows the pages.

Usage: deno run -P=server … server/main.ts [VERB] [OPTIONS]

  serve          Run the server (this is the default).
                 --role ingest takes in what the broker has, and answers /healthz and /metrics only; --role api answers
                 requests and knows no broker; --role all does both (the default). The first two want a database, and
                 ingest a broker, that are not embedded.
                 --ignore-sigint leaves Ctrl-C to the parent process.
                 --demo-sign-in prints an address that signs in by itself; on 127.0.0.1 with the embedded database only.
  quarantine     list, show ID or retry ID… what could not be taken in; quarantine --help tells all.
  redecode       Decode stored telegrams again: --since DATE [--meter METER]; redecode --help tells all.
  meter-keys     list, import FILE or rotate the keys of encrypted meters; meter-keys --help tells all.
  check-config   Say whether the configuration would work, or which variable is wrong and why.
  flags          Print the --allow-… words that follow from the configuration.
  --help         This text.
  --version      The version.

Configured by the environment; with none of it, database and broker are embedded, in ./data:
${Object.entries(VARIABLES).map(([name, meaning]) => `  ${name.padEnd(17)}  ${meaning}`).join("\n")}

When it is ready it prints one line on standard output: {"ready":true,"url":"http://127.0.0.1:8080/","mqtt":"…"}

Exit codes: 0 ok, 1 failure, 2 usage, 3 configuration (a taken port and a folder in use are of it), 13 permission.`;

const VERBS: Record<string, (args: string[]) => Promise<number>> = {
  serve,
  "check-config": checkConfig,
  flags,
  quarantine: async (args) => {
    const { QUARANTINE_HELP, quarantineCommand } = await import("./commands/quarantine_command.ts");
    return wantsHelp(args) ? await say(QUARANTINE_HELP) : await quarantineCommand(args, loadConfig());
  },
  redecode: async (args) => {
    const { REDECODE_HELP, redecodeCommand } = await import("./commands/redecode_command.ts");
    return wantsHelp(args) ? await say(REDECODE_HELP) : await redecodeCommand(args, loadConfig());
  },
  "meter-keys": async (args) => {
    const { METER_KEYS_HELP, meterKeysCommand } = await import("./commands/meter_keys_command.ts");
    return wantsHelp(args) ? await say(METER_KEYS_HELP) : await meterKeysCommand(args, loadConfig());
  },
  help: () => say(HELP),
  version: () => say(VERSION),
};

/**
 * Runs one verb of the server.
 *
 * @param args the verb and its options; without a verb, `serve`.
 * @returns the exit code; what went wrong has been said on standard error.
 */
export async function serverMain(args: string[]): Promise<number> {
  try {
    const { verb, rest } = verbOf(args);
    if (wantsHelp(rest) && !HELPFUL.has(verb)) return await say(HELP);
    return await verb(rest);
  } catch (thrown) {
    createLog().error(describeError(thrown));
    return exitCodeOf(thrown);
  }
}

/** Verbs with a text of their own. */
const HELPFUL = new Set([VERBS.quarantine, VERBS.redecode, VERBS["meter-keys"]]);

function wantsHelp(args: string[]): boolean {
  return args.includes("--help") || args.includes("-h");
}

function verbOf([first = "serve", ...rest]: string[]): { verb: (args: string[]) => Promise<number>; rest: string[] } {
  const name = { "--help": "help", "-h": "help", "--version": "version", "-V": "version" }[first] ?? first;
  if (name.startsWith("-")) return { verb: serve, rest: [name, ...rest] };
  const verb = Object.hasOwn(VERBS, name) ? VERBS[name] : undefined;
  if (verb !== undefined) return { verb, rest };
  const near = nearest(name, Object.keys(VERBS));
  const hint = near === null ? `there are ${Object.keys(VERBS).join(", ")}` : `did you mean "${near}"?`;
  throw new UsageError(`Cannot run the server: there is no verb "${name}"; ${hint}`);
}

async function serve(args: string[]): Promise<number> {
  const { role, rest } = roleOf(args);
  const options = optionsOf(rest, ["--role", "--demo-sign-in", "--ignore-sigint"]);
  const config = loadConfig();
  refuseEmbedded(role, config);
  const demoSignIn = options.has("--demo-sign-in") ? demoSecret(config) : null;
  const log = createLog(config.log);
  const { runServer } = await import("./mod.ts");
  const onReady = ({ url, mqtt }: { url: string; mqtt: string | null }) => {
    const page = demoSignIn === null ? url : `${url}?demo=${demoSignIn}`;
    console.log(JSON.stringify({ ready: true, url: page, mqtt }));
  };
  return await runProgram((signal) => runServer(config, { role, signal, log, demoSignIn, onReady }), {
    log,
    signals: options.has("--ignore-sigint") ? ["SIGTERM"] : ["SIGTERM", "SIGINT"],
  });
}

/** Takes `--role NAME` or `--role=NAME` out of the words. */
function roleOf(args: string[]): { role: ServerRole; rest: string[] } {
  const at = args.findIndex((word) => word === "--role" || word.startsWith("--role="));
  if (at < 0) return { role: "all", rest: args };
  const word = args[at] ?? "";
  const [name = "", used] = word === "--role" ? [args[at + 1], 2] : [word.slice("--role=".length), 1];
  const role = ROLES.find((one) => one === name);
  if (role === undefined) throw new UsageError(`Cannot use --role "${name}": expected one of ${ROLES.join(", ")}`);
  return { role, rest: args.toSpliced(at, used) };
}

const ROLES: readonly ServerRole[] = ["all", "ingest", "api"];

/** The embedded parts belong to one process, which is all roles in one. */
function refuseEmbedded(role: ServerRole, { database, broker }: ServerConfig) {
  if (role === "all") return;
  const missing = database === null ? "DATABASE_URL" : role === "ingest" && broker === null ? "MQTT_URL" : null;
  if (missing === null) return;
  throw new UsageError(
    `Cannot run --role ${role}: ${missing} is not set, and what is embedded cannot be shared with other servers; set it`,
  );
}

async function checkConfig(args: string[]): Promise<number> {
  optionsOf(args, []);
  const config = loadConfig();
  // The words are part of it: what cannot be put on a command line cannot run with least privilege.
  const { serverFlags } = await import("./flags.ts");
  serverFlags(config);
  const { placeOf, parseDatabaseUrl } = await import("./db/database_url.ts");
  const embedded = `embedded in ${config.dataFolder}`;
  const database = config.database === null ? embedded : placeOf(parseDatabaseUrl(config.database.url));
  const broker = config.broker?.url ?? `embedded on port ${config.embeddedMqttPort}`;
  const { host, port } = config.http;
  return await say(`The environment is right: listens on ${host}:${port}, database ${database}, broker ${broker}`);
}

async function flags(args: string[]): Promise<number> {
  optionsOf(args, []);
  const { serverFlags } = await import("./flags.ts");
  return await say(serverFlags(loadConfig()).join(" "));
}

/** A way in without a token is for this machine and for data that nobody else has. */
function demoSecret({ http, database }: ServerConfig): string {
  if (http.host === "127.0.0.1" && database === null) {
    return crypto.getRandomValues(new Uint8Array(32)).toBase64({ alphabet: "base64url", omitPadding: true });
  }
  const why = database === null ? `HTTP_HOST is ${http.host}, not 127.0.0.1` : "the database is not the embedded one";
  throw new UsageError(`Cannot use --demo-sign-in: ${why}`);
}

function optionsOf(args: string[], known: string[]): Set<string> {
  for (const name of args) {
    if (known.includes(name)) continue;
    const near = nearest(name, known);
    const hint = near === null
      ? (known.length === 0 ? "there are none" : `there are ${known.join(", ")}`)
      : `did you mean "${near}"?`;
    throw new UsageError(`Cannot use "${name}": ${hint}`);
  }
  return new Set(args);
}

function say(text: string): Promise<number> {
  console.log(text);
  return Promise.resolve(EXIT.ok);
}

if (import.meta.main) Deno.exit(await serverMain(Deno.args));
