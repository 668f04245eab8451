import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { ConfigurationError } from "@mbus-gateway/resource";
import type { ServerConfig } from "./config.ts";
import { type DatabaseAddress, parseDatabaseUrl } from "./db/database_url.ts";
import { embeddedSocket } from "./embedded/socket_path.ts";

/** The embedded database's folder within the data folder. */
export function embeddedDatabaseFolder({ dataFolder }: Pick<ServerConfig, "dataFolder">): string {
  return `${dataFolder}/postgres`;
}

/**
 * The permissions that follow from a configuration, as words for `deno run`. They stand beside the set `server` of
 * `deno.json`, which holds what is always so, and which they would replace in a kind that both name.
 *
 * @throws {ConfigurationError} when a path or host cannot be put on a command line, which a shell splits at white
 * space, and Deno at commas.
 *
 * @example
 * ```ts ignore
 * serverFlags(config);
 * // ["--allow-net=127.0.0.1:8080,db.example.org:5432,broker.example.org:8883", "--allow-read=/etc/mbus/ca.crt"]
 * ```
 */
export function serverFlags(config: ServerConfig): string[] {
  const { http, database, broker, embeddedMqttPort, dataFolder, adminTokenFile, degreeDays } = config;
  const net = [place(http.host, http.port)];
  const read = [adminTokenFile];
  const write: string[] = [];
  if (database === null) {
    net.push(`unix:${embeddedSocket(embeddedDatabaseFolder(config))}`);
    read.push(dataFolder, embeddedProgramFolder());
    write.push(dataFolder);
  } else {
    const address = parseDatabaseUrl(database.url);
    read.push(database.urlFile, address.tls?.ca ?? null);
    const socket = socketOf(address);
    net.push(socket === null ? place(address.host, address.port) : `unix:${socket}`);
    if (socket !== null) {
      read.push(socket);
      write.push(socket); // connecting to a socket is reading and writing its path
    }
  }
  if (broker === null) net.push(place("127.0.0.1", embeddedMqttPort));
  else {
    const { protocol, hostname, port } = new URL(broker.url);
    net.push(place(hostname, port === "" ? (protocol === "mqtts:" ? 8883 : 1883) : Number(port)));
    read.push(broker.ca, broker.cert, broker.key);
  }
  if (degreeDays.areas.length > 0) {
    const { protocol, hostname, port } = new URL(degreeDays.url);
    net.push(place(hostname, port === "" ? (protocol === "https:" ? 443 : 80) : Number(port)));
    read.push(degreeDays.apiKeyFile);
  }
  return [...allow("net", net), ...allow("read", read), ...allow("write", write)];
}

/** Where PGlite's WebAssembly and data files lie, which it reads as files. */
function embeddedProgramFolder(): string {
  return dirname(fileURLToPath(import.meta.resolve("@electric-sql/pglite")));
}

/** An ephemeral port is known too late: then every port of that host. */
function place(host: string, port: number): string {
  const name = host.includes(":") && !host.startsWith("[") ? `[${host}]` : host;
  return port === 0 ? name : `${name}:${port}`;
}

function socketOf({ socketFolder, port }: DatabaseAddress): string | null {
  return socketFolder === null ? null : `${socketFolder}/.s.PGSQL.${port}`;
}

function allow(name: string, values: readonly (string | null)[]): string[] {
  const words = [...new Set(values.filter((value) => value !== null))].map(asWord);
  return words.length === 0 ? [] : [`--allow-${name}=${words.join(",")}`];
}

/** Quoting does not help: the words pass through `$(…)`, where a shell no longer reads quotes. */
function asWord(value: string): string {
  if (!/[\s,"'`\\*?$]/.test(value)) return value;
  throw new ConfigurationError(
    `Cannot put ${JSON.stringify(value)} on a command line: it has white space, a comma, a quote or one of \\ * ? $; ` +
      `choose a path or host without them`,
  );
}
