import type { ByteStream } from "../byte_stream.ts";
import { openTransport, type OpenTransportOptions } from "../transport.ts";
import { standardInput } from "./standard_input.ts";

/** Where a receiver is: a device, `tcp://host:port`, or `stdin` for a program that writes lines. */
export interface ReceiverLine {
  port: string;
  baudRate: number;
}

export type OpenReceiverLine = (line: ReceiverLine, options: OpenTransportOptions) => Promise<ByteStream>;

/**
 * Opens the line of a receiver: as that of a wired bus, except that a serial one has no parity.
 *
 * @throws {DeviceError} when the line cannot be opened now; it may be there later.
 * @throws {ConfigurationError} when `port` can never be one.
 */
export const openReceiverLine: OpenReceiverLine = async ({ port, baudRate }, options) => {
  if (port === STANDARD_INPUT) return standardInput();
  if (!port.startsWith("/")) return await openTransport({ port, baudRate }, options);
  const { openSerialTransport } = await import("../serial_transport.ts");
  return await openSerialTransport(port, { ...options, baudRate, parity: "none" });
};

/** The port of lines that come on standard input. */
export const STANDARD_INPUT = "stdin";
