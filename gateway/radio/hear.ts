import { type Backoff, DeviceError, fullJitterBackoff, type Log } from "@mbus-gateway/resource";
import { type ByteStream, TransportClosed } from "../byte_stream.ts";
import type { Timer } from "../clock.ts";
import { type Condition, condition } from "../condition.ts";
import { converse, type ConverseOptions, ReceiverSilent } from "./converse.ts";
import { type OpenReceiverLine, openReceiverLine, STANDARD_INPUT } from "./receiver_line.ts";
import {
  type HeardFrame,
  type RadioMode,
  type ReceiverMessage,
  type ReceiverProtocol,
  ReceiverRefused,
} from "./receiver_protocol.ts";
import { type ReceiverName, RECEIVERS } from "./receivers/mod.ts";
import type { RadioCounts } from "./radio_status.ts";

export interface HearOptions {
  receiver: ReceiverName;
  port: string;
  modes: readonly RadioMode[];
  /** The receiver's usual one when absent. */
  baudRate?: number;
  /** So long without a telegram, and the receiver is reset. */
  silentAfterMs: number;
  timer: Timer;
  /** Ends the hearing. */
  signal: AbortSignal;
  log: Log;
  counts: RadioCounts;
  /** Called at each turn, several times a minute at least. */
  onTurn?: () => void;
  /** The receiver listens, and what it said it is; or it does not. */
  onState?: (state: "opening" | "listening" | "silent") => void;
  /** The first opening is the only one: what prevents it is thrown. For somebody who waits at a terminal. */
  once?: boolean;
  open?: OpenReceiverLine;
  backoff?: Backoff;
  answerMs?: number;
  turnMs?: number;
}

/** The longest a turn waits for bytes. */
const TURN_MS = 2_000;
/** A message whose bytes pause for so long has broken off. */
const BROKEN_OFF_MS = 300;

/**
 * What a receiver hears, for as long as it takes: it is opened and started, opened again after it was pulled out, reset
 * when it has gone silent (first by its protocol, then by opening its line anew), and reported when that does not help.
 *
 * @throws {ConfigurationError} when the port can never be one; with `once`, what prevented the first opening.
 */
export async function* hear(options: HearOptions): AsyncGenerator<HeardFrame, void> {
  const { log, signal, timer, once = false } = options;
  const backoff = options.backoff ?? fullJitterBackoff({ baseMs: 500, maxMs: 5_000 });
  const line = condition(log, "The receiver listens again");
  const silence = condition(log, "Telegrams are heard again");
  const session = { ...options, silence, silentFor: 0 };
  let started = false;
  for (let broken = false; !signal.aborted; broken = true) {
    try {
      options.onState?.("opening");
      if (broken) await timer.sleep(backoff.next(), signal);
      for await (const heard of hearOnce(session)) {
        if (heard !== null) yield heard;
        else {
          started = true;
          line.works();
          backoff.reset();
        }
      }
    } catch (thrown) {
      if (signal.aborted) return;
      if (!isPassing(thrown) || once && !started) throw thrown;
      if (options.port === STANDARD_INPUT) return; // it cannot be opened again
      line.fails(thrown);
    }
    options.onTurn?.();
  }
}

function isPassing(thrown: unknown): boolean {
  return thrown instanceof DeviceError || thrown instanceof TransportClosed || thrown instanceof ReceiverSilent ||
    thrown instanceof ReceiverRefused;
}

interface Session extends HearOptions {
  silence: Condition;
  /** How many times in a row the time of silence has passed. */
  silentFor: number;
}

/** From one opening of the line to its end; `null` once the receiver listens. Returns to have the line opened anew. */
async function* hearOnce(session: Session): AsyncGenerator<HeardFrame | null, void> {
  const { receiver, port, timer, signal, log, silentAfterMs, turnMs = TURN_MS } = session;
  const protocol: ReceiverProtocol = RECEIVERS[receiver];
  const { baudRate = protocol.baudRate, open = openReceiverLine } = session;
  await using stream: ByteStream = await open({ port, baudRate }, { signal });
  const reader = protocol.reader();
  const early: HeardFrame[] = [];
  const take = (message: ReceiverMessage) => {
    if (message.type === "telegram") early.push(message);
    else if (message.type === "spoilt") session.counts.spoilt++;
  };
  const talk: ConverseOptions = { ...session, stream, reader, onOther: take };
  await start(protocol, talk, session);
  session.onState?.(session.silentFor > 1 ? "silent" : "listening");
  yield null;

  let since = timer.elapsed();
  while (!signal.aborted) {
    const bytes = await stream.read(reader.waiting ? Math.min(BROKEN_OFF_MS, turnMs) : turnMs, signal);
    session.onTurn?.();
    (bytes === null ? reader.settle() : reader.push(bytes)).forEach(take);
    if (early.length > 0) {
      since = timer.elapsed();
      if (session.silentFor > 1) session.onState?.("listening");
      session.silentFor = 0;
      session.silence.works();
      yield* early.splice(0);
    }
    if (timer.elapsed() - since < silentAfterMs) continue;
    session.silentFor++;
    since = timer.elapsed();
    session.counts.resets++;
    if (session.silentFor === 1 && protocol.reset !== null) {
      log.info(`The receiver heard nothing for ${silentAfterMs / 1000} s: it is reset`);
      await converse(protocol.reset(), talk);
      await start(protocol, talk, session);
      continue;
    }
    if (session.silentFor > 1 || protocol.reset === null) {
      session.onState?.("silent");
      session.silence.fails(
        "Cannot hear any telegram, although the receiver was reset; check its antenna, its modes, and that meters are near",
      );
    }
    // Lines on standard input cannot be opened anew: they come again, or they do not.
    if (port !== STANDARD_INPUT) return;
  }
}

async function start(protocol: ReceiverProtocol, talk: ConverseOptions, { modes, log }: Session) {
  if (protocol.start === null) return;
  const said = await converse(protocol.start(modes), talk);
  log.info(`The receiver listens for mode ${modes.join(" and ")}: ${said}`);
}
