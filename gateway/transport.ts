import { ConfigurationError } from "@mbus-gateway/resource";
import type { ByteStream } from "./byte_stream.ts";
import { openTcpTransport, type TcpAddress } from "./tcp_transport.ts";

export { type ByteStream, TransportClosed } from "./byte_stream.ts";

/** What of a bus's configuration concerns its line. */
export interface BusLine {
  /** `tcp://host:port` or the path of a device, best one under `/dev/serial/by-id`. */
  port: string;
  /** Bits a second. A TCP converter owns its own. */
  baudRate: number;
}

/**
 * Opens the line of a bus: TCP or serial (8 data bits, even parity, 1 stop bit). The serial machinery, libc included,
 * is loaded by the first serial bus and by none else; the right to load libraries is given up right after.
 *
 * @throws {DeviceError} when the line cannot be opened now; it may be there later.
 * @throws {ConfigurationError} when `port` can never be one.
 */
export async function openTransport(
  { port, baudRate }: BusLine,
  options: { signal?: AbortSignal } = {},
): Promise<ByteStream> {
  const tcp = parseTcpPort(port);
  if (tcp) return await openTcpTransport(tcp, options);
  const { openSerialTransport } = await import("./serial_transport.ts");
  return await openSerialTransport(port, { ...options, baudRate });
}

/**
 * Host and port of a `tcp://host:port`, or `null` for the path of a device.
 *
 * @throws {ConfigurationError} when it is neither.
 */
export function parseTcpPort(port: string): TcpAddress | null {
  if (port.startsWith("/")) return null;
  const expected = 'expected "tcp://host:port" or a device path such as "/dev/ttyUSB0"';
  const match = /^tcp:\/\/(?:\[([0-9A-Fa-f:.]+)\]|([^\s:/?#@[\]]+)):([0-9]{1,5})\/?$/.exec(port);
  if (!match) throw new ConfigurationError(`Cannot use port: "${port}" is no line, ${expected}`);
  const number = Number(match[3]);
  if (number < 1 || number > 65_535) {
    throw new ConfigurationError(`Cannot use port: "${port}" names TCP port ${number}, expected 1 to 65535`);
  }
  return { hostname: match[1] ?? match[2] ?? "", port: number };
}
