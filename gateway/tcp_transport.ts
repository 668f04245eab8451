import { deadline } from "@std/async";
import { describeError, DeviceError } from "@mbus-gateway/resource";
import { ByteInbox } from "./byte_inbox.ts";
import { type ByteStream, TransportClosed, WRITE_DEADLINE_MS } from "./byte_stream.ts";
import { type NetworkAddress, networkPortText } from "./network_port.ts";

export interface TcpTransportOptions {
  /** Gives up connecting; the open line is ended by releasing it. */
  signal?: AbortSignal;
  /** The longest a connection may take to come about, in milliseconds. Default 10,000. */
  connectTimeoutMs?: number;
  /** The longest a write may hang, in milliseconds. Default {@linkcode WRITE_DEADLINE_MS}. */
  writeDeadlineMs?: number;
  /** What the operator wrote, where it is not `tcp://host:port`. */
  name?: string;
}

/**
 * A line through a level converter with a raw TCP socket (ser2net in raw mode, a LAN converter). The converter owns
 * baud rate and parity.
 *
 * @throws {DeviceError} a sentence that says what to check, when there is no connection in time.
 * @throws the signal's reason when it aborts.
 */
export async function openTcpTransport(
  { hostname, port }: NetworkAddress,
  options: TcpTransportOptions = {},
): Promise<ByteStream> {
  const { signal, connectTimeoutMs = 10_000, writeDeadlineMs = WRITE_DEADLINE_MS } = options;
  const { name = networkPortText({ scheme: "tcp", hostname, port }) } = options;
  const connection = await connect(name, { hostname, port }, connectTimeoutMs, signal);
  connection.setNoDelay(true);
  // A converter that lost its power sends no FIN: the probes find out.
  connection.setKeepAlive(true);
  return tcpStream(name, connection, writeDeadlineMs);
}

async function connect(name: string, address: NetworkAddress, timeoutMs: number, signal?: AbortSignal) {
  signal?.throwIfAborted();
  // Not AbortSignal.timeout: its timer would outlive a connection that came about at once.
  const attempt = new AbortController();
  const timer = setTimeout(() => attempt.abort(new Error(`no connection within ${timeoutMs} ms`)), timeoutMs);
  const giveUp = () => attempt.abort(signal?.reason);
  signal?.addEventListener("abort", giveUp, { once: true });
  try {
    return await Deno.connect({ ...address, transport: "tcp", signal: attempt.signal });
  } catch (cause) {
    signal?.throwIfAborted();
    if (cause instanceof Deno.errors.NotCapable) throw cause;
    const why = describeError(attempt.signal.aborted ? attempt.signal.reason : cause);
    throw new DeviceError(
      `Cannot open ${name}: ${why}; check the converter's power, its address and port, and that no other master is connected`,
      { cause },
    );
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", giveUp);
  }
}

function tcpStream(name: string, connection: Deno.TcpConn, writeDeadlineMs: number): ByteStream {
  const inbox = new ByteInbox();
  // A read is always pending, so what comes between two requests is known and does not pass for an answer.
  const pump = receive(name, connection, inbox);

  async function close() {
    inbox.close(new TransportClosed(`Cannot use ${name}: it was closed`));
    try {
      connection.close();
    } catch (thrown) {
      if (!(thrown instanceof Deno.errors.BadResource)) throw thrown; // closed already, by the other end's reset
    }
    await pump;
  }

  return {
    name,
    read: (timeoutMs, signal) => inbox.read(timeoutMs, signal),
    async write(bytes) {
      if (inbox.closed) throw inbox.closed;
      try {
        await deadline(writeAll(connection, bytes), writeDeadlineMs);
      } catch (cause) {
        const reason = new TransportClosed(`Cannot write to ${name}: ${describeError(cause)}`, { cause });
        inbox.close(reason);
        await close();
        throw reason;
      }
    },
    [Symbol.asyncDispose]: close,
  };
}

async function receive(name: string, connection: Deno.TcpConn, inbox: ByteInbox): Promise<void> {
  const buffer = new Uint8Array(4096);
  try {
    while (!inbox.closed) {
      const length = await connection.read(buffer);
      if (length === null) {
        inbox.close(new TransportClosed(`Cannot use ${name}: the other end closed the connection`));
        return;
      }
      inbox.push(buffer.slice(0, length));
      await inbox.room();
    }
  } catch (cause) {
    inbox.close(new TransportClosed(`Cannot use ${name}: the connection broke (${describeError(cause)})`, { cause }));
  }
}

async function writeAll(connection: Deno.TcpConn, bytes: Uint8Array) {
  for (let written = 0; written < bytes.length;) {
    written += await connection.write(bytes.subarray(written));
  }
}
