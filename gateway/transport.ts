import type { ByteStream } from "./byte_stream.ts";
import { parseNetworkPort } from "./network_port.ts";
import { openTcpTransport } from "./tcp_transport.ts";

export { type ByteStream, TransportClosed } from "./byte_stream.ts";

/** What of a bus's configuration concerns its line. */
export interface BusLine {
  /** `tcp://`, `udp://` or `rfc2217://host:port`, or the path of a device, best one under `/dev/serial/by-id`. */
  port: string;
  /** Bits a second. A TCP or UDP converter owns its own. */
  baudRate: number;
}

export interface OpenTransportOptions {
  /** Gives up opening; the open line is ended by releasing it. */
  signal?: AbortSignal;
  /** {@linkcode ByteStream.adapter} of the line when it was open before: it may have another name now. */
  adapter?: string;
}

/**
 * Opens the line of a bus: serial (8 data bits, even parity, 1 stop bit), or a converter on the network. The serial
 * machinery, with the calls of libc that it makes, is loaded by the first serial bus and by none else; the right to load
 * libraries is given up right after.
 *
 * @throws {DeviceError} when the line cannot be opened now; it may be there later.
 * @throws {ConfigurationError} when `port` can never be one.
 */
export async function openTransport(
  { port, baudRate }: BusLine,
  { signal, adapter }: OpenTransportOptions = {},
): Promise<ByteStream> {
  const address = parseNetworkPort(port);
  switch (address?.scheme) {
    case "tcp":
      return await openTcpTransport(address, { signal });
    case "udp":
      return await (await import("./udp_transport.ts")).openUdpTransport(address, { signal });
    case "rfc2217":
      return await (await import("./rfc2217_transport.ts")).openRfc2217Transport(address, { signal, baudRate });
    case undefined:
      return await (await import("./serial_transport.ts")).openSerialTransport(port, { signal, adapter, baudRate });
  }
}
