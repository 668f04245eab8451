import { delay } from "@std/async";
import { type ByteChannel, isEnd, tcpChannel } from "../byte_channel.ts";
import { openLedger } from "../ledger.ts";
import type { OnAir, ReceiverPeer } from "./on_air.ts";
import { type PeerName, PEERS } from "./peers/mod.ts";
import type { RadioFault, RadioFaultInjector } from "./radio_faults.ts";
import { nextTelegram, type RadioMeter, radioMeters } from "./radio_meter.ts";
import { repeated } from "./repeater.ts";

export interface SimulateRadioOptions {
  receiver: PeerName | ReceiverPeer;
  /** How many meters, or which; six by default. */
  meters?: number | readonly RadioMeter[];
  /** The book that the simulator keeps; it is continued if it is there. */
  ledger: string;
  port?: number;
  hostname?: string;
  seed?: number;
  faults?: RadioFaultInjector;
  now?: () => number;
  /** Every meter sends so often; without it only when {@linkcode SimulatedRadio.transmit} says so. */
  everyMs?: number;
}

/** A receiver with meters in earshot; gateways reach it over TCP or {@linkcode SimulatedRadio.serve}. */
export interface SimulatedRadio extends AsyncDisposable {
  readonly port: number;
  readonly url: string;
  readonly meters: readonly RadioMeter[];
  readonly peer: ReceiverPeer;
  /** Every meter sends a telegram, one after the other. */
  transmit(): Promise<void>;
  /** This is on the air. */
  send(telegram: OnAir): Promise<void>;
  /** Bytes come from the receiver that it never should have sent. */
  babble(bytes: Uint8Array): Promise<void>;
  /** The receiver is pulled out and put in again: lines end, what was set is forgotten. */
  unplug(): void;
  /** The receiver answers nothing more, until its line is opened anew. */
  freeze(): void;
  /** Another line to the same receiver; settles when it closes. */
  serve(channel: ByteChannel): Promise<void>;
  /** Settles when the simulator itself failed. */
  readonly failed: Promise<Error>;
}

/** Simulates a wireless receiver: its real framing and commands, meters that send by themselves, and a ledger. */
export function simulateRadio(options: SimulateRadioOptions): SimulatedRadio {
  const { hostname = "127.0.0.1", seed = 1, now = Date.now, receiver, meters: wanted = 6, faults } = options;
  const peer: ReceiverPeer = typeof receiver === "string" ? PEERS[receiver]() : receiver;
  const meters = typeof wanted === "number" ? radioMeters(wanted, { seed, now: now() }) : wanted;
  const ledger = openLedger(options.ledger);
  let counter = ledger.lastCounter;
  const channels = new Set<ByteChannel>();
  const connections = new Set<Deno.TcpConn>();
  const failure = Promise.withResolvers<Error>();
  const ending = new AbortController();
  let frozen = false;

  async function serve(channel: ByteChannel) {
    channels.add(channel);
    frozen = false;
    try {
      for (let bytes = await channel.read(); bytes !== null; bytes = await channel.read()) {
        if (frozen) continue;
        for (const answer of peer.receive(bytes)) await channel.write(answer);
      }
    } catch (error) {
      if (!isEnd(error)) failure.resolve(error as Error);
    } finally {
      channels.delete(channel);
    }
  }

  async function toLines(bytes: Uint8Array, fault: RadioFault | null) {
    const sent = fault?.kind === "corrupt" ? corrupted(bytes, fault) : bytes;
    const size = fault?.kind === "pieces" ? fault.size : sent.length;
    for (const channel of channels) {
      try {
        if (fault?.kind === "noise") await channel.write(fault.bytes);
        for (let at = 0; at < sent.length; at += size) await channel.write(sent.subarray(at, at + size));
      } catch (error) {
        if (!isEnd(error)) throw error;
      }
    }
  }

  async function transmitOne(meter: RadioMeter) {
    counter++;
    const telegram = nextTelegram(meter, { counter, now: now(), ledger });
    const fault = faults?.() ?? null;
    const bytes = frozen || channels.size === 0 || fault?.kind === "lost" ? null : peer.hears(telegram);
    const spoilt = fault?.kind === "corrupt" ? "corrupt" : bytes === null ? "drop" : null;
    if (bytes !== null) await toLines(bytes, fault);
    ledger.append({ type: "sent", counter, telegram: 0, fault: spoilt });
    if (fault?.kind === "repeated") await send(repeated(telegram));
  }

  async function send(telegram: OnAir) {
    const bytes = frozen ? null : peer.hears(telegram);
    if (bytes !== null) await toLines(bytes, null);
  }

  async function transmit() {
    for (const meter of meters) await transmitOne(meter);
  }

  async function transmitAgainAndAgain(everyMs: number) {
    for (let index = 0; !ending.signal.aborted; index = (index + 1) % meters.length) {
      const meter = meters[index];
      if (meter !== undefined) await transmitOne(meter);
      await delay(everyMs / meters.length, { signal: ending.signal });
    }
  }

  const listener = Deno.listen({ hostname, port: options.port ?? 0 });
  const accepting = accept(listener, connections, serve);
  const sending = options.everyMs === undefined ? Promise.resolve() : transmitAgainAndAgain(options.everyMs).catch(
    (error) => ending.signal.aborted ? undefined : failure.resolve(error as Error),
  );
  const hangUp = () => {
    for (const connection of connections) connection.close();
    connections.clear();
  };

  return {
    port: listener.addr.port,
    url: `tcp://${hostname}:${listener.addr.port}`,
    meters,
    peer,
    failed: failure.promise,
    serve,
    transmit,
    send,
    babble: (bytes) => toLines(bytes, null),
    unplug() {
      peer.powerUp();
      hangUp();
    },
    freeze: () => void (frozen = true),
    async [Symbol.asyncDispose]() {
      ending.abort();
      listener.close();
      hangUp();
      await Promise.all([accepting, sending]);
      ledger[Symbol.dispose]();
    },
  };
}

/** The change is at a fraction of the length. */
function corrupted(bytes: Uint8Array, { at, mask }: { at: number; mask: number }): Uint8Array {
  const changed = bytes.slice();
  const place = Math.floor(at * bytes.length);
  changed[place] = (changed[place] as number) ^ mask;
  return changed;
}

async function accept(
  listener: Deno.TcpListener,
  connections: Set<Deno.TcpConn>,
  serve: (channel: ByteChannel) => Promise<void>,
) {
  const lines: Promise<void>[] = [];
  for (;;) {
    let connection: Deno.TcpConn;
    try {
      connection = await listener.accept();
    } catch (error) {
      if (!isEnd(error)) throw error;
      break;
    }
    connection.setNoDelay(true);
    connections.add(connection);
    lines.push(
      serve(tcpChannel(connection)).finally(() => {
        if (connections.delete(connection)) connection.close();
      }),
    );
  }
  await Promise.all(lines);
}
