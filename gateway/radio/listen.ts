import type { KeyLookup } from "@mbus-gateway/mbus";
import type { Log } from "@mbus-gateway/resource";
import { type Clock, systemClock, systemTimer, type Timer } from "../clock.ts";
import { hear, type HearOptions } from "./hear.ts";
import type { HeardTelegram } from "./heard_telegram.ts";
import { usualModes } from "./modes.ts";
import { RadioEar } from "./radio_ear.ts";
import { RadioTeller } from "./radio_teller.ts";
import { newRadioStatus } from "./radio_status.ts";
import type { RadioMode } from "./receiver_protocol.ts";
import type { ReceiverName } from "./receivers/mod.ts";

export interface ListenAtOptions extends Pick<HearOptions, "open" | "answerMs" | "turnMs" | "backoff"> {
  /** The name that telegrams are told under. */
  bus?: string;
  receiver: ReceiverName;
  port: string;
  baudRate?: number;
  /** What the receiver listens for best when absent. */
  modes?: readonly RadioMode[];
  keys?: KeyLookup;
  signal: AbortSignal;
  log: Log;
  clock?: Clock;
  timer?: Timer;
}

/** Somebody who waits at a terminal is told sooner than a gateway's log. */
const SILENT_AFTER_MS = 120_000;

/**
 * Opens a receiver by itself and gives every telegram that it hears, repetitions too, until `signal` aborts or the
 * lines on standard input end.
 *
 * @throws {DeviceError}, {ReceiverSilent}, {ReceiverRefused} when the receiver cannot be opened and started.
 */
export async function* listenAt(options: ListenAtOptions): AsyncGenerator<HeardTelegram, void> {
  const { bus = options.port, receiver, keys, clock = systemClock(), timer = systemTimer } = options;
  const { counts } = newRadioStatus(bus, receiver);
  const ear = new RadioEar(clock, () => timer.elapsed());
  const teller = new RadioTeller(bus, keys);
  const modes = options.modes ?? usualModes(receiver);
  for await (const frame of hear({ ...options, timer, modes, silentAfterMs: SILENT_AFTER_MS, counts, once: true })) {
    const heard = ear.hearing(frame);
    if (heard !== null) yield teller.tell(heard);
  }
}
