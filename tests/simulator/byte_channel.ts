/** A duplex line to a master: a TCP connection, or the far end of a pty. */
export interface ByteChannel {
  /** The next bytes; null when the line is closed. */
  read(): Promise<Uint8Array | null>;
  write(bytes: Uint8Array): Promise<void>;
  /** Bits a second that the master set, where the line knows. */
  baudRate?(): number | null;
  /** Pulls the adapter out: whoever has the other end open loses it. A connection is closed by who accepted it. */
  hangUp?(): Promise<void> | void;
}

/** A TCP connection as a line. A connection that the other side reset, or that was closed here, has ended. */
export function tcpChannel(connection: Deno.TcpConn): ByteChannel {
  const buffer = new Uint8Array(1024);
  return {
    async read() {
      try {
        const count = await connection.read(buffer);
        return count === null ? null : buffer.slice(0, count);
      } catch (error) {
        if (isEnd(error)) return null;
        throw error;
      }
    },
    async write(bytes) {
      for (let rest = bytes; rest.length > 0;) rest = rest.subarray(await connection.write(rest));
    },
  };
}

/** True for what a line that is gone throws. */
export function isEnd(error: unknown): boolean {
  return error instanceof Deno.errors.ConnectionReset || error instanceof Deno.errors.ConnectionAborted ||
    error instanceof Deno.errors.BrokenPipe || error instanceof Deno.errors.BadResource ||
    error instanceof Deno.errors.Interrupted || error instanceof Deno.errors.NotConnected;
}
