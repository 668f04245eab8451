import { ConfigurationError } from "@mbus-gateway/resource";

/** Where a level converter listens. */
export interface NetworkAddress {
  hostname: string;
  port: number;
}

/** What a level converter on a network speaks: raw bytes over TCP or in datagrams, or telnet with RFC 2217. */
export type NetworkPort = NetworkAddress & { scheme: "tcp" | "udp" | "rfc2217" };

const PORT = /^(tcp|udp|rfc2217):\/\/(?:\[([0-9A-Fa-f:.]+)\]|([^\s:/?#@[\]]+)):([0-9]{1,5})\/?$/;

/**
 * The parts of a `tcp://host:port`, `udp://host:port` or `rfc2217://host:port`, or `null` for the path of a device.
 *
 * @throws {ConfigurationError} when it is none of these.
 */
export function parseNetworkPort(port: string): NetworkPort | null {
  if (port.startsWith("/")) return null;
  const expected = '"tcp://host:port", udp:// or rfc2217:// likewise, or a device path such as "/dev/ttyUSB0"';
  const match = PORT.exec(port);
  if (!match) throw new ConfigurationError(`Cannot use port: "${port}" is no line, expected ${expected}`);
  const number = Number(match[4]);
  if (number < 1 || number > 65_535) {
    throw new ConfigurationError(`Cannot use port: "${port}" names port ${number}, expected 1 to 65535`);
  }
  return { scheme: match[1] as NetworkPort["scheme"], hostname: match[2] ?? match[3] ?? "", port: number };
}

/** As the operator wrote it. */
export function networkPortText({ scheme, hostname, port }: NetworkPort): string {
  return `${scheme}://${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}`;
}
