import { resolve } from "node:path";
import { ConfigurationError, LOG_LEVELS, type LogLevel } from "@mbus-gateway/resource";
import { readBroker } from "./config_broker.ts";
import { daysOrOff, type IngestConfig, readIngest, readRetention, shareName } from "./config_ingest.ts";
import { areaList, Expected, Problems, type Variables, webAddress } from "./config_values.ts";
import { parseDatabaseUrl } from "./db/database_url.ts";
import type { Retention } from "./db/retention.ts";

/** Where gateways publish; texts of certificates are read when the connection is made. */
export interface BrokerConfig {
  /** Without user and password. */
  url: string;
  clientId: string;
  username: string | null;
  password: string | null;
  /** Paths of PEM files. */
  ca: string | null;
  cert: string | null;
  key: string | null;
}

/** A validated configuration; every path is absolute. */
export interface ServerConfig {
  /** The embedded parts' data, and the admin token that is made for them. */
  dataFolder: string;
  /** Null: the embedded database in `dataFolder`. The URL holds a password: never log it. */
  database: { url: string; urlFile: string | null } | null;
  /** Null: the embedded broker on `embeddedMqttPort`. */
  broker: BrokerConfig | null;
  embeddedMqttPort: number;
  /** Name of the group of servers among which the broker shares the messages; null: each takes them all. */
  mqttShare: string | null;
  ingest: IngestConfig;
  retention: Retention;
  /** How old telegrams are, in days, when they are packed; null: never. */
  compressTelegramsAfterDays: number | null;
  /** Where /metrics answers, beside /healthz; null: nowhere. */
  metricsPort: number | null;
  /** Whether Deno's built-in OpenTelemetry is on. */
  tracing: boolean;
  http: { host: string; port: number };
  /** Null: no token is registered at the start. */
  adminTokenFile: string | null;
  /** Whether a missing `adminTokenFile` is made. */
  makeAdminToken: boolean;
  degreeDays: { url: string; apiKeyFile: string | null; areas: string[] };
  /** Files of the secrets that seal meter keys; current null: none can be kept. `make`: a missing current one is made. */
  meterKeys: { current: string | null; old: string | null; make: boolean };
  log: { level: LogLevel; format: "text" | "json" };
}

/** Every variable that the server reads, with what it is; `server/main.ts --help` prints them. */
export const VARIABLES: Readonly<Record<string, string>> = {
  DATABASE_URL:
    "postgres://USER:PASSWORD@HOST/NAME; TLS with sslmode=verify-full, and sslrootcert=FILE for a private CA",
  DATABASE_URL_FILE: "a file that holds it instead",
  MQTT_URL: "mqtts://HOST:8883; mqtt:// on loopback only",
  MQTT_CA: "PEM file of the authority of the broker's certificate",
  MQTT_CERT: "PEM file of the server's certificate; the broker's ACL knows its common name",
  MQTT_KEY: "PEM file of its private key",
  MQTT_CLIENT_ID: "stable, and one of its own for each server (mbus-server)",
  MQTT_PORT: "port of the embedded broker on 127.0.0.1 (1883)",
  MQTT_SHARE: "name of the group of servers that share the messages; each has an MQTT_CLIENT_ID of its own (none)",
  INGEST_LANES: "batches that are stored at once (2; 1 with the embedded database)",
  INGEST_BATCH_MESSAGES: "most messages of a batch (200)",
  INGEST_BATCH_BYTES: "most bytes of a batch (262144)",
  INGEST_BATCH_AGE_MS: "how long a batch that is not full waits for company (20)",
  RETENTION_TELEGRAMS: "how long telegrams are kept: keep, or days such as 800d (keep)",
  RETENTION_READINGS: "how long readings are kept (keep)",
  RETENTION_HOURS: "how long consumption by hour is kept; by day and month it stays (keep)",
  HTTP_HOST: "address to listen on (127.0.0.1)",
  HTTP_PORT: "port to listen on (8080); 0 takes any free one",
  COMPRESS_TELEGRAMS_AFTER_DAYS:
    "how many days old telegrams are when they are compressed, by whole months; longer than spools keep them, or off (100)",
  METRICS_PORT: "port where /metrics answers Prometheus, without a token (none)",
  OTEL_DENO: "true: traces and metrics go to OTEL_EXPORTER_OTLP_ENDPOINT by Deno's built-in OpenTelemetry",
  DATA_DIR: "folder of the embedded parts (./data)",
  ADMIN_TOKEN_FILE: "file of the token for the first sign-in (DATA_DIR/admin.token with the embedded database)",
  DMI_AREAS: "whose heating degree days to fetch, such as municipality:0101,station:06180 (none)",
  DMI_BASE_URL: "where from (https://opendataapi.dmi.dk/v2/climateData)",
  DMI_API_KEY_FILE: "a file with an API key for it, where one is asked for",
  METER_KEYS_SECRET_FILE:
    "file of the secret that seals meter keys: 32 bytes as hex (DATA_DIR/meter-keys.secret with the embedded database)",
  METER_KEYS_OLD_SECRET_FILE: "file of the secret before it, while keys are moved by meter-keys rotate",
  LOG_LEVEL: `${LOG_LEVELS.join(", ")} (info)`,
  LOG_FORMAT: "text or json (text)",
};

/** This process's environment: the one place of the server that reads it. An empty variable counts as not set. */
export function environment(): Variables {
  const set = Object.keys(VARIABLES).map((name) => [name, Deno.env.get(name) ?? ""] as const);
  return Object.fromEntries(set.filter(([, value]) => value !== ""));
}

/**
 * Checks the configuration. With neither database nor broker named, both are embedded.
 *
 * @throws {ConfigurationError} with a line for each mistake: the variable, what it is, what was expected; no secrets.
 */
export function loadConfig(variables: Variables = environment()): ServerConfig {
  const problems = new Problems(variables);
  const dataFolder = problems.read("DATA_DIR", resolve("data"), resolve);
  const database = readDatabase(problems);
  const config: ServerConfig = {
    dataFolder,
    database,
    broker: readBroker(problems),
    embeddedMqttPort: problems.read("MQTT_PORT", 1883, port),
    mqttShare: problems.read("MQTT_SHARE", null, shareName),
    ingest: readIngest(problems),
    retention: readRetention(problems),
    compressTelegramsAfterDays: problems.read("COMPRESS_TELEGRAMS_AFTER_DAYS", 100, daysOrOff),
    metricsPort: problems.read("METRICS_PORT", null, port),
    tracing: variables.OTEL_DENO === "true",
    http: {
      host: problems.read("HTTP_HOST", "127.0.0.1", host),
      port: problems.read("HTTP_PORT", 8080, port),
    },
    adminTokenFile: problems.read("ADMIN_TOKEN_FILE", database === null ? `${dataFolder}/admin.token` : null, resolve),
    makeAdminToken: database === null && variables.ADMIN_TOKEN_FILE === undefined,
    degreeDays: {
      url: problems.read("DMI_BASE_URL", "https://opendataapi.dmi.dk/v2/climateData", webAddress),
      apiKeyFile: problems.read("DMI_API_KEY_FILE", null, resolve),
      areas: problems.read("DMI_AREAS", [], areaList),
    },
    meterKeys: {
      current: problems.read(
        "METER_KEYS_SECRET_FILE",
        database === null ? `${dataFolder}/meter-keys.secret` : null,
        resolve,
      ),
      old: problems.read("METER_KEYS_OLD_SECRET_FILE", null, resolve),
      make: database === null && variables.METER_KEYS_SECRET_FILE === undefined,
    },
    log: {
      level: problems.read("LOG_LEVEL", "info", oneOf(LOG_LEVELS)),
      format: problems.read("LOG_FORMAT", "text", oneOf(["text", "json"])),
    },
  };
  problems.throwIfAny();
  return config;
}

function readDatabase(problems: Problems): ServerConfig["database"] {
  const urlFile = problems.read("DATABASE_URL_FILE", null, resolve);
  const written = problems.read("DATABASE_URL", null, (text) => text);
  if (urlFile === null && written === null) return null;
  if (urlFile !== null && written !== null) {
    problems.add("DATABASE_URL_FILE", "nothing, as DATABASE_URL is set too");
    return null;
  }
  const name = urlFile === null ? "DATABASE_URL" : "DATABASE_URL_FILE";
  try {
    const url = urlFile === null ? written ?? "" : Deno.readTextFileSync(urlFile).trim();
    parseDatabaseUrl(url);
    return { url, urlFile };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) problems.add(name, "a file that exists");
    else if (error instanceof ConfigurationError) problems.addSentence(`${name}: ${error.message}`);
    else throw error;
    return null;
  }
}

function port(text: string): number {
  const value = /^\d{1,5}$/.test(text) ? Number(text) : NaN;
  if (value <= 65535) return value;
  throw new Expected("a port from 1 to 65535, or 0 for any free one");
}

function host(text: string): string {
  if (/^[\w.:-]+$/.test(text)) return text;
  throw new Expected("an address of this machine such as 127.0.0.1, or 0.0.0.0 for all of them");
}

function oneOf<const T extends string>(words: readonly T[]): (text: string) => T {
  return (text) => {
    const word = words.find((one) => one === text);
    if (word !== undefined) return word;
    throw new Expected(`one of ${words.join(", ")}`);
  };
}
