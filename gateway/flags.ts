import { resolve } from "node:path";
import { allowWords, ConfigurationError, hostAndPort } from "@mbus-gateway/resource";
import { TIMESYNC_FOLDER } from "./clock.ts";
import type { GatewayConfig } from "./config.ts";
import { LIBC_PATHS } from "./libc.ts";

/** The one program that the gateway may start: as installed beside a compiled binary, or as it is in the source. */
export const TUNNEL_SCRIPT = Deno.build.standalone
  ? "/usr/lib/mbus-gateway/cloudflared"
  : resolve(import.meta.dirname ?? ".", "../deploy/cloudflared");

/**
 * The permissions that follow from a configuration, as words for `deno run`. They stand beside the set `gateway` of
 * `deno.json`, which holds what is always so, and which they would replace in a kind that both name.
 *
 * @param configPath the file the configuration came from.
 * @throws {ConfigurationError} when a path or host cannot be put on a command line, which a shell splits at white
 * space, and Deno at commas.
 *
 * @example
 * ```ts ignore
 * gatewayFlags(config, "/etc/mbus-gateway/config.yaml");
 * // ["--allow-net=broker.example.org:8883,platform.example.org:443", "--allow-read=…", "--allow-write=…"]
 * ```
 */
export function gatewayFlags(config: GatewayConfig, configPath: string): string[] {
  const { mqtt, platform, buses, tunnel, dataFolder } = config;
  const net = [hostAndPort(mqtt.url), hostAndPort(platform.url)];
  const read = [resolve(configPath), mqtt.ca, mqtt.cert, mqtt.key, mqtt.passwordFile, platform.tokenFile, platform.ca];
  const run: string[] = [];
  const ffi: string[] = [];
  for (const { port } of buses) {
    if (port.startsWith("tcp:")) net.push(new URL(port).host);
    else ffi.push(libcPath());
  }
  if (tunnel !== undefined) {
    net.push(`127.0.0.1:${tunnel.metricsPort}`);
    read.push(tunnel.tokenFile);
    run.push(TUNNEL_SCRIPT);
  }
  for (const { port, keysFile } of config.radios) {
    if (port.startsWith("/")) ffi.push(libcPath());
    else if (port.startsWith("tcp:")) net.push(new URL(port).host);
    read.push(keysFile);
  }
  return [
    ...allowWords("net", net),
    ...allowWords("read", [...read, dataFolder, TIMESYNC_FOLDER]),
    ...allowWords("write", [dataFolder]),
    ...allowWords("ffi", ffi),
    ...allowWords("run", run),
  ];
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
    throw thrown;
  }
}
