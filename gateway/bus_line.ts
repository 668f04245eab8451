import { type Backoff, describeError, DeviceError, fullJitterBackoff, type Log } from "@mbus-gateway/resource";
import { type ByteStream, TransportClosed } from "./byte_stream.ts";
import type { Timer } from "./clock.ts";
import { condition } from "./condition.ts";
import type { BusConfig } from "./config.ts";
import { type MeterBus, meterBus } from "./meter_bus.ts";
import { openTransport } from "./transport.ts";

/** The line of a bus: opened when it is needed, kept open while it works, opened again after it broke. */
export interface BusLine extends AsyncDisposable {
  /** The master of the open line; waits, with backoff, until there is a line. `null` once the wait was aborted. */
  master(): Promise<MeterBus | null>;
  /** The line is broken, or may be: the next `master()` opens another. */
  drop(reason?: TransportClosed): Promise<void>;
  /** A meter answered: the line works. */
  works(): void;
}

export interface BusLineOptions {
  bus: Pick<BusConfig, "port" | "baudRate" | "timeoutMs" | "retries">;
  timer: Timer;
  /** Ends the waiting for a line. */
  signal: AbortSignal;
  log: Log;
  /** Called at each try that finds no line, with the milliseconds since the first. */
  onMissing?: (forMs: number) => void;
  open?: typeof openTransport;
  backoff?: Backoff;
}

/** A line that is opened again for as long as it takes. */
export function busLine(
  {
    bus,
    timer,
    signal,
    log,
    onMissing = () => {},
    open = openTransport,
    // An adapter that is plugged in again is found within five seconds, under another name too.
    backoff = fullJitterBackoff({ baseMs: 1_000, maxMs: 5_000 }),
  }: BusLineOptions,
): BusLine {
  const line = condition(log, "The bus is open again");
  let stream: ByteStream | null = null;
  let master: MeterBus | null = null;
  /** Whether the next opening follows a failure, and must not come at once. */
  let broken = false;
  let adapter: string | undefined;

  async function opened(): Promise<ByteStream | null> {
    const since = timer.elapsed();
    while (!signal.aborted) {
      try {
        if (broken) await timer.sleep(backoff.next(), signal);
        const opened = await open({ port: bus.port, baudRate: bus.baudRate }, { signal, adapter });
        adapter = opened.adapter ?? adapter;
        return opened;
      } catch (thrown) {
        if (signal.aborted) return null;
        if (!(thrown instanceof DeviceError || thrown instanceof TransportClosed)) throw thrown;
        line.fails(thrown);
        broken = true;
        onMissing(timer.elapsed() - since);
      }
    }
    return null;
  }

  async function close() {
    const closing = stream;
    [stream, master] = [null, null];
    await closing?.[Symbol.asyncDispose]();
  }

  return {
    async master() {
      if (master !== null) return master;
      stream = await opened();
      if (stream === null) return null;
      const { baudRate, timeoutMs, retries } = bus;
      return master = meterBus(stream, { baudRate, timeoutMs, retries, elapsed: () => timer.elapsed(), log });
    },
    async drop(reason) {
      if (reason !== undefined) {
        broken = true;
        line.fails(reason);
      }
      try {
        await close();
      } catch (thrown) {
        log.debug(`The broken line did not close: ${describeError(thrown)}`);
      }
    },
    works() {
      line.works();
      backoff.reset();
      broken = false;
    },
    [Symbol.asyncDispose]: close,
  };
}
