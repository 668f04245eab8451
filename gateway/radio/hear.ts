import { type Backoff, DeviceError, fullJitterBackoff, type Log } from "@mbus-gateway/resource";
import { type ByteStream, TransportClosed } from "../byte_stream.ts";
import type { Timer } from "../clock.ts";
import { type Condition, condition } from "../condition.ts";
import { converse, type ConverseOptions } from "./converse.ts";
import { type OpenReceiverLine, openReceiverLine, STANDARD_INPUT } from "./receiver_line.ts";
import { type HeardFrame, type RadioMode, type ReceiverMessage, type ReceiverProtocol } from "./receiver_protocol.ts";
import { type ReceiverName, RECEIVERS } from "./receivers/mod.ts";
import type { RadioCounts } from "./radio_status.ts";
import { SilenceWatch } from "./silence_watch.ts";

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
  const session: Session = { ...options, silence, watch: new SilenceWatch(options.silentAfterMs), reported: false };
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
  return thrown instanceof DeviceError || thrown instanceof TransportClosed;
}

interface Session extends HearOptions {
  silence: Condition;
  watch: SilenceWatch;
  /** It has been reported that nothing is heard. */
  reported: boolean;
  /** What names the adapter, once it has been open: it may be another device now. */
  adapter?: string;
}

/** From one opening of the line to its end; `null` once the receiver listens. Returns to have the line opened anew. */
async function* hearOnce(session: Session): AsyncGenerator<HeardFrame | null, void> {
  const { receiver, port, timer, signal, watch, counts, turnMs = TURN_MS } = session;
  const protocol: ReceiverProtocol = RECEIVERS[receiver];
  const { baudRate = protocol.baudRate, open = openReceiverLine } = session;
  await using stream: ByteStream = await open({ port, baudRate }, { signal, adapter: session.adapter });
  session.adapter = stream.adapter ?? session.adapter;
  const reader = protocol.reader();
  const heard: HeardFrame[] = [];
  const take = (message: ReceiverMessage) => {
    if (message.type === "telegram") heard.push(message);
    else if (message.type === "spoilt") counts.spoilt++;
  };
  const talk: ConverseOptions = { ...session, stream, reader, onOther: take };
  await start(protocol, talk, session);
  session.onState?.(session.reported ? "silent" : "listening");
  watch.begin(timer.elapsed());
  yield null;

  while (!signal.aborted) {
    const bytes = await stream.read(reader.waiting ? Math.min(BROKEN_OFF_MS, turnMs) : turnMs, signal);
    session.onTurn?.();
    (bytes === null ? reader.settle() : reader.push(bytes)).forEach(take);
    if (heard.length > 0) {
      watch.heard(timer.elapsed());
      if (session.reported) worksAgain(session);
      yield* heard.splice(0);
    }
    const due = watch.due(timer.elapsed());
    if (due === null) continue;
    counts.resets++;
    if (due === "reset" && protocol.reset !== null) {
      session.log.info(`The receiver heard nothing for ${session.silentAfterMs / 1000} s: it is reset`);
      await converse(protocol.reset(), talk);
      await start(protocol, talk, session);
      continue;
    }
    report(session);
    // Lines on standard input cannot be opened anew: they come again, or they do not.
    if (port !== STANDARD_INPUT) return;
  }
}

function report(session: Session) {
  const { onState, silence, silentAfterMs } = session;
  session.reported = true;
  onState?.("silent");
  silence.fails(
    `Cannot hear any telegram for more than ${silentAfterMs / 1000} s: the receiver is opened anew; ` +
      "check its antenna, its modes, and that meters are near",
  );
}

function worksAgain(session: Session) {
  session.reported = false;
  session.onState?.("listening");
  session.silence.works();
}

async function start(protocol: ReceiverProtocol, talk: ConverseOptions, { modes, log }: Session) {
  if (protocol.start === null) return;
  const said = await converse(protocol.start(modes), talk);
  log.info(`The receiver listens for mode ${modes.join(" and ")}: ${said}`);
}
