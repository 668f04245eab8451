import { type ByteChannel, isEnd, tcpChannel } from "./byte_channel.ts";
import type { FaultInjector } from "./faults.ts";
import { openLedger } from "./ledger.ts";
import { serveLine } from "./line.ts";
import type { SimulatedMeter } from "./meter.ts";
import { simulatedMeters, type SimulatedMetersOptions } from "./meters.ts";
import type { Population } from "./population.ts";
import { rfc2217Channel } from "./rfc2217_channel.ts";
import { Segment } from "./segment.ts";
import { readStates, writeStates } from "./state_file.ts";
import type { DoneCommand } from "./station.ts";

export interface SimulateBusOptions {
  /** How many meters, or which; six by default, one of each kind. */
  meters?: number | readonly SimulatedMeter[];
  /** The book that the simulator keeps; it is continued if it is there. */
  ledger: string;
  /** Where the meters' counters are kept over a restart; without it they begin anew. */
  state?: string;
  /** TCP port to listen on; 0 for any free one. */
  port?: number;
  hostname?: string;
  seed?: number;
  baudRate?: number;
  faults?: FaultInjector;
  /** The converter hears its own requests. */
  echo?: boolean;
  /** The TCP port is a device server's: telnet, with settings by RFC 2217. */
  rfc2217?: boolean;
  /** How the addresses of the meters are made, where `meters` is a number. */
  population?: Population;
  /** How the meter at `index` behaves where it is not like the others, where `meters` is a number. */
  manners?: SimulatedMetersOptions["manners"];
  /** The meters' clock, in ms since 1970. */
  now?: () => number;
}

/** A segment of simulated meters that listens. */
export interface SimulatedBus extends AsyncDisposable {
  readonly port: number;
  /** `tcp://host:port` or `rfc2217://host:port`, as a gateway's configuration names it. */
  readonly url: string;
  readonly meters: readonly SimulatedMeter[];
  /** What meters were told and did, in order. */
  readonly done: readonly DoneCommand[];
  /** Lets the master on another line (a pty) talk to the same meters; settles when that line closes. */
  serve(channel: ByteChannel): Promise<void>;
  /** Settles when a line ended by an error of the simulator itself: a full disk under the ledger. */
  readonly failed: Promise<Error>;
}

/** States are written at most so often: a counter is a function of time, so a second that is lost comes again. */
const SAVE_EVERY_MS = 1000;

/**
 * Simulates an M-Bus segment behind a TCP level converter: the real link protocol, meters whose counters move, and a
 * ledger of every answer. Masters may come and go; the meters remember.
 *
 * @example
 * ```ts ignore
 * await using bus = simulateBus({ meters: 6, ledger: `${folder}/ledger.ndjson` });
 * await using stream = await openTransport({ port: bus.url, baudRate: 2400 });
 * ```
 */
export function simulateBus(options: SimulateBusOptions): SimulatedBus {
  const { hostname = "127.0.0.1", port = 0, seed = 1, now = Date.now } = options;
  const meters = metersOf(options, seed, now());
  using starting = new DisposableStack();
  const ledger = starting.use(openLedger(options.ledger));
  const listener = listen(hostname, port);
  const owned = starting.move();

  const ending = new AbortController();
  const failure = Promise.withResolvers<Error>();
  const segment = new Segment(meters, { ledger, now });
  const save = () => options.state === undefined ? undefined : writeStates(options.state, meters);
  let savedAt = -Infinity;
  const replied = () => {
    if (performance.now() - savedAt < SAVE_EVERY_MS) return;
    savedAt = performance.now();
    save();
  };
  const serve = (channel: ByteChannel) =>
    serveLine(segment, channel, { ...options, ledger, replied, signal: ending.signal });
  const serveTcp = options.rfc2217 ? (channel: ByteChannel) => serve(rfc2217Channel(channel)) : serve;
  const accepting = acceptConnections(listener, serveTcp, failure.resolve);

  const address = listener.addr as Deno.NetAddr;
  return {
    port: address.port,
    url: `${options.rfc2217 ? "rfc2217" : "tcp"}://${hostname}:${address.port}`,
    meters,
    done: segment.done,
    serve,
    failed: failure.promise,
    async [Symbol.asyncDispose]() {
      using _ = owned;
      ending.abort(new DOMException("The simulator is ending", "AbortError"));
      listener.close();
      await accepting;
      save();
    },
  };
}

function listen(hostname: string, port: number): Deno.TcpListener {
  try {
    return Deno.listen({ hostname, port });
  } catch (cause) {
    if (!(cause instanceof Deno.errors.AddrInUse)) throw cause;
    throw new Error(`Cannot simulate: port ${port} of ${hostname} is taken; choose another`, { cause });
  }
}

/** Serves each connection until it ends; after the listener is closed, closes those that are left. */
async function acceptConnections(
  listener: Deno.TcpListener,
  serve: (channel: ByteChannel) => Promise<void>,
  failed: (error: Error) => void,
) {
  const open = new Set<Deno.TcpConn>();
  const lines = new Set<Promise<void>>();
  const serveConnection = async (connection: Deno.TcpConn) => {
    connection.setNoDelay(true);
    try {
      await serve(tcpChannel(connection));
    } catch (error) {
      failed(error as Error);
    } finally {
      if (open.delete(connection)) connection.close();
    }
  };
  for (;;) {
    const connection = await nextConnection(listener);
    if (connection === null) break;
    open.add(connection);
    const line = serveConnection(connection).finally(() => lines.delete(line));
    lines.add(line);
  }
  for (const connection of open) {
    open.delete(connection);
    connection.close();
  }
  await Promise.all(lines);
}

function metersOf(
  { meters = 6, state, ...options }: SimulateBusOptions,
  seed: number,
  now: number,
): readonly SimulatedMeter[] {
  if (typeof meters !== "number") return meters;
  return simulatedMeters(meters, { ...options, seed, now, states: state === undefined ? {} : readStates(state) });
}

async function nextConnection(listener: Deno.TcpListener): Promise<Deno.TcpConn | null> {
  try {
    return await listener.accept();
  } catch (error) {
    if (isEnd(error)) return null;
    throw error;
  }
}
