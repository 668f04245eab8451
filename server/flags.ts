import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { allowWords, hostAndPort } from "@mbus-gateway/resource";
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
  const { http, database, broker, embeddedMqttPort, dataFolder, adminTokenFile, degreeDays, meterKeys } = config;
  const net = [place(http.host, http.port)];
  if (config.metricsPort !== null) net.push(place(http.host, config.metricsPort));
  const read = [adminTokenFile, meterKeys.current, meterKeys.old];
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
    net.push(hostAndPort(broker.url));
    read.push(broker.ca, broker.cert, broker.key);
  }
  if (degreeDays.areas.length > 0) {
    net.push(hostAndPort(degreeDays.url));
    read.push(degreeDays.apiKeyFile);
  }
  return [...allowWords("net", net), ...allowWords("read", read), ...allowWords("write", write)];
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
