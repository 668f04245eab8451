import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import { describeError, DeviceError } from "@mbus-gateway/resource";
import { ByteInbox } from "./byte_inbox.ts";
import { type ByteStream, TransportClosed } from "./byte_stream.ts";
import { type NetworkAddress, networkPortText } from "./network_port.ts";

/**
 * A line through a level converter that takes and sends datagrams: each carries some of the line's bytes, as they are.
 * A datagram that is lost is an answer that is lost, and asked for again. Nothing tells a converter that is away from
 * meters that are silent. The converter owns baud rate and parity.
 *
 * @throws {DeviceError} when its name cannot be resolved, or nothing can be sent to it.
 * @throws the signal's reason when it aborts.
 */
export async function openUdpTransport(
  { hostname, port }: NetworkAddress,
  { signal }: { signal?: AbortSignal } = {},
): Promise<ByteStream> {
  signal?.throwIfAborted();
  const name = networkPortText({ scheme: "udp", hostname, port });
  const socket = createSocket(hostname.includes(":") ? "udp6" : "udp4");
  try {
    await settled((done) => {
      socket.once("error", done);
      // The types do not say it: what went wrong comes as the callback's argument.
      socket.connect(port, hostname, done as () => void);
    });
  } catch (cause) {
    socket.close();
    if (cause instanceof Deno.errors.NotCapable) throw cause;
    throw new DeviceError(
      `Cannot open ${name}: ${describeError(cause)}; check the converter's name and the network`,
      { cause },
    );
  }
  return datagramStream(name, socket);
}

function datagramStream(name: string, socket: Socket): ByteStream {
  const inbox = new ByteInbox();
  const peer = socket.remoteAddress();
  socket.removeAllListeners("error");
  // The converter restarts, and its computer refuses datagrams meanwhile: the next request tells.
  socket.on("error", (cause) => inbox.close(new TransportClosed(`Cannot use ${name}: ${cause.message}`, { cause })));
  socket.on("message", (bytes: Uint8Array, from: RemoteInfo) => {
    if (from.port === peer.port && from.address === peer.address) inbox.push(Uint8Array.from(bytes));
  });
  let closed: Promise<void> | null = null;
  return {
    name,
    read: (timeoutMs, signal) => inbox.read(timeoutMs, signal),
    async write(bytes) {
      if (inbox.closed) throw inbox.closed;
      try {
        await settled((done) => socket.send(bytes, done));
      } catch (cause) {
        const reason = new TransportClosed(`Cannot write to ${name}: ${describeError(cause)}`, { cause });
        inbox.close(reason);
        throw reason;
      }
    },
    [Symbol.asyncDispose]() {
      inbox.close(new TransportClosed(`Cannot use ${name}: it was closed`));
      return closed ??= new Promise((resolve) => socket.close(() => resolve()));
    },
  };
}

function settled(start: (done: (error?: Error | null) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => start((error) => error ? reject(error) : resolve()));
}
