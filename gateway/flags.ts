import { resolve } from "node:path";
import { allowWords, ConfigurationError, hostAndPort } from "@mbus-gateway/resource";
import { TIMESYNC_FOLDER } from "./clock.ts";
import type { GatewayConfig } from "./config.ts";
import { pendingPath } from "./config_pending.ts";
import { controlSocketPath } from "./control/control_path.ts";
import { LIBC_PATHS } from "./libc.ts";
import { parseNetworkPort } from "./network_port.ts";
import { NOTIFY_SOCKET_NAME, type Supervision } from "./service_manager.ts";

/** The one program that the gateway may start: as installed beside a compiled binary, or as it is in the source. */
export const TUNNEL_SCRIPT = Deno.build.standalone
  ? "/usr/lib/mbus-gateway/cloudflared"
  : resolve(import.meta.dirname ?? ".", "../deploy/cloudflared");

/**
 * What keeps the process small: a young generation of 1 MiB, and code that is interpreted instead of compiled. A gateway
 * waits most of the time; with 250 meters read without a pause it takes a quarter less memory.
 */
export const V8_FLAGS = "--v8-flags=--max-semi-space-size=1,--lite-mode";

/** The words for `deno run` that keep the process small; compiled code on the disk is mapped into memory as well. */
export const SMALL_WORDS: readonly string[] = ["--no-code-cache", V8_FLAGS];

/**
 * The permissions that follow from a configuration, as words for `deno run`. They stand beside the set `gateway` of
 * `deno.json`, which holds what is always so, and which they would replace in a kind that both name.
 *
 * @param configPath the file the configuration came from.
 * @param supervision the service manager that is to be told how the gateway does.
 * @throws {ConfigurationError} when a path or host cannot be put on a command line, which a shell splits at white
 * space, and Deno at commas.
 *
 * @example
 * ```ts ignore
 * gatewayFlags(config, "/etc/mbus-gateway/config.yaml");
 * // ["--allow-net=broker.example.org:8883,platform.example.org:443", "--allow-read=…", "--allow-write=…"]
 * ```
 */
export function gatewayFlags(
  config: GatewayConfig,
  configPath: string,
  supervision: Supervision | null = null,
): string[] {
  const { mqtt, platform, buses, tunnel, dataFolder, remoteConfiguration, metrics, homeAssistant } = config;
  const net = [`unix:${controlSocketPath(dataFolder)}`, hostAndPort(mqtt.url), hostAndPort(platform.url)];
  const read = [resolve(configPath), mqtt.ca, mqtt.cert, mqtt.key, mqtt.passwordFile, platform.tokenFile, platform.ca];
  const write = [dataFolder];
  const run: string[] = [];
  const ffi = [LIBC_PATHS.find(exists)]; // memoryCare gives the right back, unless a serial port is to come
  for (const { port } of buses) {
    const address = parseNetworkPort(port);
    if (address === null) ffi.push(libcPath());
    else net.push(new URL(port).host);
    // A socket for datagrams is bound to whatever port is free.
    if (address?.scheme === "udp") net.push(address.hostname.includes(":") ? "[::]:0" : "0.0.0.0:0");
  }
  if (tunnel !== undefined) {
    net.push(`127.0.0.1:${tunnel.metricsPort}`);
    read.push(tunnel.tokenFile);
    run.push(TUNNEL_SCRIPT);
  }
  if (metrics !== undefined) net.push(listenAt(metrics));
  read.push(homeAssistant?.keysFile);
  if (remoteConfiguration === true) {
    const pending = pendingPath(resolve(configPath));
    read.push(pending);
    write.push(resolve(configPath), pending);
  }
  // Its socket is a file to Deno as well; the abstract ones (@…) cannot be named on a command line.
  const notify = supervision?.socket.startsWith("/") ? supervision.socket : null;
  if (notify !== null) net.push(`unix:${notify}`, `unix:${dataFolder}/${NOTIFY_SOCKET_NAME}`);
  for (const { port, keysFile } of config.radios) {
    if (port.startsWith("/")) ffi.push(libcPath());
    else if (port.startsWith("tcp:")) net.push(new URL(port).host);
    read.push(keysFile);
  }
  return [
    ...allowWords("net", net),
    ...allowWords("read", [...read, dataFolder, TIMESYNC_FOLDER]),
    ...allowWords("write", [...write, notify]),
    ...allowWords("ffi", ffi),
    ...allowWords("run", run),
  ];
}

function listenAt({ host, port }: { host: string; port: number }): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

/** The C library of this computer, through which serial ports are reached. */
export function libcPath(): string {
  const found = LIBC_PATHS.find(exists);
  if (found !== undefined) return found;
  throw new ConfigurationError(
    `Cannot allow the serial port: no C library is at ${LIBC_PATHS.join(" or ")}; use tcp://host:port for the bus`,
  );
}

function exists(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch (thrown) {
    if (thrown instanceof Deno.errors.NotFound) return false;
    // A gateway that runs, or looks at itself, may not look there: it has its rights already, and only compares.
    if (thrown instanceof Deno.errors.NotCapable) return true;
    throw thrown;
  }
}
