import type { Buffer } from "node:buffer";
import { deadline } from "@std/async";
import { SerialPortStream } from "@serialport/stream";
import type { SerialPort } from "serialport";
import { describeError, DeviceError } from "@mbus-gateway/resource";
import { type AdapterFolders, adapterOf, deviceOf } from "./adapter_names.ts";
import { ByteInbox } from "./byte_inbox.ts";
import { type ByteStream, TransportClosed, WRITE_DEADLINE_MS } from "./byte_stream.ts";
import { loadLibc } from "./libc.ts";
import { realPathOrNull } from "./libc_files.ts";
import { serialBinding } from "./serial_binding.ts";

/** A serial line. */
export interface SerialTransport extends ByteStream {
  /**
   * Changes the speed once everything written has been sent, for meters of another speed on the same bus.
   *
   * @throws {ConfigurationError} for a rate that is none of the usual.
   * @throws {TransportClosed} when the line is gone.
   */
  setBaudRate(baudRate: number): Promise<void>;
}

export interface SerialTransportOptions {
  /** Bits a second: 300 to 115200, the usual steps. */
  baudRate: number;
  /** Even by the standard (EN 13757-2); another for odd converters. */
  parity?: "none" | "even" | "odd";
  signal?: AbortSignal;
  /** The adapter that `path` named when it was open before; where it is plugged in, it is opened by whatever name. */
  adapter?: string;
  /** The longest a write, or the sending before a change of speed, may hang, in milliseconds. */
  writeDeadlineMs?: number;
  /** Where adapters are looked for. */
  folders?: AdapterFolders;
}

/** What `npm:serialport` offers its users; ours is the same class over another binding, and the compiler sees to it. */
type SerialPortVerbs = Pick<SerialPort, "open" | "close" | "write" | "update" | "flush" | "drain" | "isOpen">;
type Port = SerialPortStream<typeof serialBinding>;

/**
 * A line through a serial port or USB adapter: 8 data bits, even parity, 1 stop bit, locked against other programs.
 * Loads libc the first time, and then gives up the right to load libraries.
 *
 * @param path of the device, best one under `/dev/serial/by-id`: it survives a replugging.
 * @throws {DeviceError} a sentence that says what to do when the port cannot be opened, or is another adapter's now.
 * @throws {ConfigurationError} for a baud rate that is none of the usual.
 * @throws {Deno.errors.NotCapable} when the permission set does not name libc.
 */
export async function openSerialTransport(
  path: string,
  { baudRate, parity = "even", signal, adapter, folders, writeDeadlineMs = WRITE_DEADLINE_MS }: SerialTransportOptions,
): Promise<SerialTransport> {
  signal?.throwIfAborted();
  await loadLibc();
  const device = adapter === undefined ? path : deviceOfKnown(adapter, path, folders);
  const options = { binding: serialBinding, path: device, baudRate, parity, autoOpen: false };
  const port = new SerialPortStream(options) satisfies SerialPortVerbs;
  await settled((done) => port.open(done));
  const real = realPathOrNull(device);
  const known = real === null ? null : adapterOf(real, folders);
  return serialStream(path, port, { adapter: known ?? adapter, writeDeadlineMs });
}

/**
 * Once known, the adapter is more than the name: another one may have got that meanwhile, and its meters would be taken
 * for those of this bus.
 */
function deviceOfKnown(adapter: string, path: string, folders?: AdapterFolders): string {
  const device = deviceOf(adapter, folders);
  if (device !== null) return device;
  const real = realPathOrNull(path);
  const other = real === null ? null : adapterOf(real, folders);
  if (other === null || other === adapter) return path;
  throw new DeviceError(
    `Cannot open ${path}: it is ${other} now and was ${adapter} before; plug that one in, or restart the gateway if it ` +
      "was exchanged for good",
  );
}

function serialStream(
  name: string,
  port: Port,
  { adapter, writeDeadlineMs }: { adapter?: string; writeDeadlineMs: number },
): SerialTransport {
  const inbox = new ByteInbox();
  const fail = (cause: Error | null) =>
    inbox.close(
      cause
        ? new TransportClosed(`Cannot use ${name}: ${cause.message}; was the adapter pulled out?`, { cause })
        : new TransportClosed(`Cannot use ${name}: it was closed`),
    );
  port.on("close", fail);
  port.on("error", fail);
  port.on("data", (bytes: Buffer) => {
    inbox.push(new Uint8Array(bytes)); // a copy: the buffer is part of a larger pool
    port.pause();
    inbox.room().then(() => port.resume());
  });

  async function close() {
    fail(null);
    if (port.isOpen) await settled((done) => port.close(done));
  }

  /** A line that takes no bytes for so long is broken: a converter that hangs, or flow control that nobody wants. */
  async function orClosed(what: string, work: Promise<void>) {
    try {
      await deadline(work, writeDeadlineMs);
    } catch (cause) {
      const reason = new TransportClosed(`Cannot ${what} ${name}: ${describeError(cause)}`, { cause });
      inbox.close(reason);
      await close();
      throw reason;
    }
  }

  return {
    name,
    adapter,
    read: (timeoutMs, signal) => inbox.read(timeoutMs, signal),
    async write(bytes) {
      if (inbox.closed) throw inbox.closed;
      await orClosed("write to", settled((done) => port.write(bytes, done)));
    },
    async setBaudRate(rate) {
      if (inbox.closed) throw inbox.closed;
      await orClosed("change the speed of", settled((done) => port.drain(done)));
      await settled((done) => port.update({ baudRate: rate }, done));
    },
    [Symbol.asyncDispose]: close,
  };
}

function settled(start: (done: (error?: Error | null) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => start((error) => error ? reject(error) : resolve()));
}
