import type { Log } from "@mbus-gateway/resource";
import type { Clock, Timer } from "../clock.ts";
import { condition } from "../condition.ts";
import type { Counts } from "../counts.ts";
import type { Pulse } from "../pulse.ts";
import type { Spool, TakenReadout } from "../spool.ts";
import { hear, type HearOptions } from "./hear.ts";
import { meterList } from "./meter_list.ts";
import type { RadioStation } from "./radio_desk.ts";
import { type Hearing, RadioEar } from "./radio_ear.ts";
import { addressText } from "./radio_frame.ts";
import { TelegramPace } from "./telegram_pace.ts";

export interface RadioLoopOptions extends Pick<HearOptions, "open" | "backoff" | "answerMs" | "turnMs" | "onState"> {
  station: RadioStation;
  spool: Pick<Spool, "put">;
  counts: Counts;
  clock: Clock;
  timer: Timer;
  log: Log;
  /** Called after each telegram that was taken. */
  onTaken: () => void;
  /** Ends the loop. */
  stop: AbortSignal;
  pulse?: Pulse;
}

/**
 * Takes what one receiver hears into the spool, for as long as the gateway runs: each telegram of a wanted meter, once
 * however often it is repeated, and no more often than the bus's interval says. Each is committed as soon as it came,
 * nothing waits in memory.
 *
 * @throws {ConfigurationError} when the port can never be one.
 */
export async function radioLoop(options: RadioLoopOptions): Promise<void> {
  const { station, spool, counts, clock, timer, stop, onTaken, pulse } = options;
  const { radio, status } = station;
  const log = options.log.with({ bus: radio.name });
  const disk = condition(log, "Telegrams are kept again");
  const ear = new RadioEar(clock, () => timer.elapsed());
  const isWanted = meterList(radio.meters);
  const pace = new TelegramPace(radio.intervalMs);
  const hearing = hear({
    ...options,
    ...radio,
    log,
    counts: status.counts,
    signal: stop,
    onTurn: () => pulse?.beat(`bus ${radio.name}`),
    onState(state) {
      status.state = state;
      options.onState?.(state);
    },
  });
  for await (const frame of hearing) {
    const heard = ear.hearing(frame);
    if (heard === null) {
      status.counts.spoilt++;
      continue;
    }
    status.counts.heard++;
    status.lastHeardAt = heard.readAt;
    station.tell(heard);
    const why = leftOut(heard);
    if (why !== null) {
      status.counts[why]++;
      continue;
    }
    try {
      spool.put(readoutOf(radio.name, heard));
      pace.took(heard.look.kind, timer.elapsed());
      status.counts.taken++;
      disk.works();
      onTaken();
    } catch (thrown) {
      counts.fail("not_kept");
      disk.fails(thrown);
    }
  }

  function leftOut({ look, repeated }: Hearing): "repeated" | "empty" | "foreign" | "surplus" | null {
    if (repeated) return "repeated";
    if (!look.hasReadings) return "empty";
    if (!isWanted(look)) return "foreign";
    return pace.isDue(look.kind, timer.elapsed()) ? null : "surplus";
  }
}

function readoutOf(bus: string, { frame, rssi, readAt, clock, look }: Hearing): TakenReadout {
  const readout = { bus, address: addressText(look.senderBytes), readAt, clock, frames: [frame] };
  return rssi === null ? readout : { ...readout, rssi };
}
