/**
 * A line to a segment of meters, whatever carries it. One owner reads and writes it; releasing it closes the line.
 */
export interface ByteStream extends AsyncDisposable {
  /** What it is connected to, as the operator wrote it: for sentences. */
  readonly name: string;
  /** What names the adapter whatever the system calls its device now; absent where nothing does. */
  readonly adapter?: string;
  /**
   * The next bytes, as many as there are; `null` when none came in time. A read that timed out loses nothing: bytes
   * that come later belong to the next read. One read at a time.
   *
   * @param timeoutMs milliseconds to wait; 0 takes only what is there already.
   * @throws {TransportClosed} when the line is gone and everything that came before has been read.
   * @throws the signal's reason when it aborts.
   */
  read(timeoutMs: number, signal?: AbortSignal): Promise<Uint8Array | null>;
  /**
   * Hands all bytes to the line. They may still be on their way when it returns: a serial line is slow.
   *
   * @throws {TransportClosed} when the line is gone, or took no bytes for {@linkcode WRITE_DEADLINE_MS}.
   */
  write(bytes: Uint8Array): Promise<void>;
  /**
   * Changes the speed of the wire once everything written has been sent; absent where the other end owns it.
   *
   * @throws {ConfigurationError} for a rate that is none of the usual.
   * @throws {TransportClosed} when the line is gone.
   */
  setBaudRate?(baudRate: number): Promise<void>;
}

/** The longest a write may hang, in milliseconds; a line that takes no bytes for so long is closed as broken. */
export const WRITE_DEADLINE_MS = 5_000;

/** The line is gone: the peer hung up, the adapter was pulled out, or we closed it. Open another. */
export class TransportClosed extends Error {
  override name = "TransportClosed";
}
