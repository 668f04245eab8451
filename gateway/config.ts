import { dirname, resolve } from "node:path";
import * as v from "valibot";
import { type Document, LineCounter, parseDocument } from "yaml";
import { ConfigurationError } from "@mbus-gateway/resource";
import { describe, describeIssue, lineOf, type Source } from "./config_report.ts";
import { contradictions } from "./config_rules.ts";
import { ConfigSchema, isRadio } from "./config_schema.ts";
import { modesTogether, usualModes } from "./radio/modes.ts";
import type { RadioBusConfig } from "./radio/radio_config.ts";
import type { Supervision } from "./service_manager.ts";

/** The file's keys, checked one by one. */
export type WrittenConfig = v.InferOutput<typeof ConfigSchema>;

/** One M-Bus segment. */
export interface BusConfig {
  name: string;
  /** `tcp://`, `udp://` or `rfc2217://host:port`, or a device. */
  port: string;
  baudRate: number;
  /** How often its meters are read; absent where `schedule` says when. */
  intervalMs?: number;
  /** A cron expression in `timeZone`. */
  schedule?: string;
  /** Of its schedules and those of its meters; UTC when absent. */
  timeZone?: string;
  /** How long a meter may take to begin its answer; one second when absent, and never less than EN 13757-2 grants. */
  timeoutMs?: number;
  retries?: number;
  meters: MeterConfig[];
}

/** One meter of a bus, and what is its own; for what is absent, the bus's word holds. */
export interface MeterConfig {
  /** `p0` to `p250`, or 16 hexadecimal digits in capitals, with `/` and eight of a fabrication number if need be. */
  address: string;
  intervalMs?: number;
  schedule?: string;
  timeoutMs?: number;
  retries?: number;
}

/** A validated configuration; every path is absolute. Secrets are files, read when they are needed. */
export interface GatewayConfig {
  gateway: string;
  dataFolder: string;
  mqtt: WrittenConfig["mqtt"];
  platform: { url: string; tokenFile: string; ca?: string; heartbeatMs: number };
  connection: "always" | { cron: string };
  /** The most bytes of the spool's file, and how many readouts of a backlog go in a minute; the defaults when absent. */
  spool?: WrittenConfig["spool"];
  buses: BusConfig[];
  /** The wireless buses, which stand in the same list of the file. */
  radios: RadioBusConfig[];
  tunnel?: { tokenFile: string; metricsPort: number };
  /** Whether `config/set` may change the file. */
  remoteConfiguration?: boolean;
  /** Where Prometheus may ask; absent: nowhere. */
  metrics?: WrittenConfig["metrics"];
  /** Tell Home Assistant of the meters, and what they say. */
  homeAssistant?: WrittenConfig["homeAssistant"];
  log: WrittenConfig["log"];
}

/** The environment variables that stand above the file, and the key that each sets. */
export const OVERRIDES: Readonly<Record<string, readonly string[]>> = {
  MBUS_GW_GATEWAY: ["gateway"],
  MBUS_GW_DATA_FOLDER: ["dataFolder"],
  MBUS_GW_CONNECTION: ["connection"],
  MBUS_GW_MQTT_URL: ["mqtt", "url"],
  MBUS_GW_MQTT_CA: ["mqtt", "ca"],
  MBUS_GW_MQTT_CERT: ["mqtt", "cert"],
  MBUS_GW_MQTT_KEY: ["mqtt", "key"],
  MBUS_GW_MQTT_USERNAME: ["mqtt", "username"],
  MBUS_GW_MQTT_PASSWORD_FILE: ["mqtt", "passwordFile"],
  MBUS_GW_PLATFORM_URL: ["platform", "url"],
  MBUS_GW_PLATFORM_TOKEN_FILE: ["platform", "tokenFile"],
  MBUS_GW_PLATFORM_CA: ["platform", "ca"],
  MBUS_GW_PLATFORM_HEARTBEAT: ["platform", "heartbeat"],
  MBUS_GW_TUNNEL_TOKEN_FILE: ["tunnel", "tokenFile"],
  MBUS_GW_TUNNEL_METRICS_PORT: ["tunnel", "metricsPort"],
  MBUS_GW_REMOTE_CONFIGURATION: ["remoteConfiguration"],
  MBUS_GW_SPOOL_MAX_BYTES: ["spool", "maxBytes"],
  MBUS_GW_SPOOL_DRAIN_PER_MINUTE: ["spool", "drainPerMinute"],
  MBUS_GW_METRICS_PORT: ["metrics", "port"],
  MBUS_GW_METRICS_HOST: ["metrics", "host"],
  MBUS_GW_HOME_ASSISTANT_DISCOVERY_PREFIX: ["homeAssistant", "discoveryPrefix"],
  MBUS_GW_HOME_ASSISTANT_BASE_TOPIC: ["homeAssistant", "baseTopic"],
  MBUS_GW_HOME_ASSISTANT_KEYS_FILE: ["homeAssistant", "keysFile"],
  MBUS_GW_LOG_LEVEL: ["log", "level"],
  MBUS_GW_LOG_FORMAT: ["log", "format"],
};

/** Those whose value is a number, or true or false; a user's name may look like one and is a text. */
const NOT_TEXTS: ReadonlySet<string> = new Set([
  "MBUS_GW_REMOTE_CONFIGURATION",
  "MBUS_GW_TUNNEL_METRICS_PORT",
  "MBUS_GW_METRICS_PORT",
  "MBUS_GW_SPOOL_DRAIN_PER_MINUTE",
]);

/**
 * The overrides of this process's environment: the one place that reads it.
 *
 * @returns what is set, by variable; an empty variable counts as not set, as container files write it.
 */
export function overridesFromEnvironment(): Record<string, string> {
  const set = Object.keys(OVERRIDES).map((name) => [name, Deno.env.get(name) ?? ""] as const);
  return Object.fromEntries(set.filter(([, value]) => value !== ""));
}

/**
 * What the service manager said in this process's environment when it started the gateway; null when nobody did.
 */
export function supervisionFromEnvironment(): Supervision | null {
  const socket = Deno.env.get("NOTIFY_SOCKET") ?? "";
  if (!/^[/@]./.test(socket)) return null;
  const microseconds = Number(Deno.env.get("WATCHDOG_USEC") || NaN);
  return { socket, watchdogMs: microseconds > 0 ? microseconds / 1_000 : null };
}

/**
 * Reads and checks the configuration file (YAML 1.2). Relative paths in it start at its own folder.
 *
 * @param env the variables of {@linkcode OVERRIDES}; the process's environment when absent.
 * @throws {ConfigurationError} with a line for each mistake: the key, what it is, what was expected, and where.
 */
export function loadConfig(
  path: string,
  env: Record<string, string | undefined> = overridesFromEnvironment(),
): GatewayConfig {
  const absolute = resolve(path);
  return parseConfig(readText(absolute), { path: absolute, env });
}

/** The same from a text; `path` is its name in messages and the place where its relative paths start. */
export function parseConfig(
  text: string,
  { path, env = {} }: { path: string; env?: Record<string, string | undefined> },
): GatewayConfig {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const broken = [...document.errors, ...document.warnings];
  if (broken.length > 0) {
    throw unusable(path, broken.map((error) => `${error.message} (line ${lineOf(lines, error.pos[0])})`));
  }
  if (document.contents === null) throw unusable(path, [`the file is empty, expected ${ConfigSchema.message}`]);
  const source: Source = { document, lines, overrides: override(document, env) };
  const result = v.safeParse(ConfigSchema, document.toJS(), { abortPipeEarly: true });
  if (!result.success) {
    throw unusable(path, result.issues.map((issue) => describeIssue(issue, ConfigSchema, source)));
  }
  const against = [...contradictions(result.output)];
  if (against.length > 0) {
    throw unusable(path, against.map(({ path: key, expected }) => describe(key, expected, source)));
  }
  return absolutePaths(result.output, dirname(path));
}

function readText(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch (cause) {
    // What may not be read is a matter of permissions and keeps its own exit code.
    if (cause instanceof Deno.errors.NotCapable || cause instanceof Deno.errors.PermissionDenied) throw cause;
    const why = cause instanceof Deno.errors.NotFound ? "there is no such file" : (cause as Error).message;
    throw new ConfigurationError(
      `Cannot read configuration ${path}: ${why}. Write one (deploy/gateway.example.yaml shows all keys), ` +
        `or name another with --config FILE or MBUS_GW_CONFIG`,
      { cause },
    );
  }
}

/** Puts the environment's values into the document, as if they stood in the file. */
function override(document: Document.Parsed, env: Record<string, string | undefined>): Map<string, string> {
  const overridden = new Map<string, string>();
  for (const [name, path] of Object.entries(OVERRIDES)) {
    const value = env[name];
    if (value === undefined || value === "") continue;
    document.setIn(path, NOT_TEXTS.has(name) && /^(?:\d+|true|false)$/.test(value) ? JSON.parse(value) : value);
    overridden.set(path.join("."), name);
  }
  return overridden;
}

function absolutePaths(written: WrittenConfig, folder: string): GatewayConfig {
  const absolute = (path: string) => resolve(folder, path);
  const optional = (path: string | undefined) => path === undefined ? undefined : absolute(path);
  const { mqtt, platform: { heartbeat, ...platform }, buses, tunnel, homeAssistant } = written;
  return {
    ...written,
    dataFolder: absolute(written.dataFolder),
    mqtt: {
      ...mqtt,
      ca: optional(mqtt.ca),
      cert: optional(mqtt.cert),
      key: optional(mqtt.key),
      passwordFile: optional(mqtt.passwordFile),
    },
    platform: {
      ...platform,
      tokenFile: absolute(platform.tokenFile),
      ca: optional(platform.ca),
      heartbeatMs: heartbeat,
    },
    buses: buses.flatMap((bus) => isRadio(bus) ? [] : [wiredBus(bus)]),
    radios: buses.flatMap((bus) => isRadio(bus) ? [radioBus(bus, optional(bus.keysFile))] : []),
    homeAssistant: homeAssistant && { ...homeAssistant, keysFile: optional(homeAssistant.keysFile) },
    tunnel: tunnel && { ...tunnel, tokenFile: absolute(tunnel.tokenFile) },
  };
}

/** How often the meters of a bus are read where nothing is said. */
const USUAL_INTERVAL_MS = 900_000;

function asMeter(written: WrittenWired["meters"][number]): MeterConfig {
  if (typeof written === "string") return { address: written };
  const { interval, ...meter } = written;
  return interval === undefined ? meter : { ...meter, intervalMs: interval };
}

type WrittenBus = WrittenConfig["buses"][number];
type WrittenRadio = Extract<WrittenBus, { receiver: unknown }>;
type WrittenWired = Exclude<WrittenBus, WrittenRadio>;

function wiredBus({ interval, meters, ...bus }: WrittenWired): BusConfig {
  return {
    ...bus,
    ...(bus.schedule === undefined && { intervalMs: interval ?? USUAL_INTERVAL_MS }),
    meters: meters.map(asMeter),
  };
}

function radioBus({ interval, silentAfter, ...radio }: WrittenRadio, keysFile: string | undefined): RadioBusConfig {
  const modes = (radio.modes && modesTogether(radio.receiver, radio.modes)) ?? usualModes(radio.receiver);
  return { ...radio, modes, intervalMs: interval === "all" ? null : interval, silentAfterMs: silentAfter, keysFile };
}

function unusable(path: string, problems: string[]): ConfigurationError {
  const list = problems.length === 1 ? ` ${problems[0]}` : problems.map((problem) => `\n  ${problem}`).join("");
  return new ConfigurationError(`Cannot use configuration ${path}:${list}`);
}
