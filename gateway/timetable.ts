import type { Clock, Timer } from "./clock.ts";
import type { BusConfig, MeterConfig } from "./config.ts";
import { cronGapMs, cronSlots, intervalSlots, type Slots, stableJitterMs } from "./schedule.ts";

/** Which meters of a bus to read when: each by its own interval or schedule, or else by that of the bus. */
export interface Timetable {
  /** When to ask again, on the monotonic clock. */
  nextAt(): number;
  /** The meters whose time has come since the last call, in the order of the configuration. */
  take(): string[];
}

export interface TimetableOptions {
  gateway: string;
  bus: BusConfig;
  clock: Clock;
  timer: Timer;
  /** Whether every meter is due once at the beginning, whatever its schedule says. */
  atOnce?: boolean;
}

/** The timetable of a bus. Meters with the same schedule come due together. */
export function timetable(options: TimetableOptions): Timetable {
  const { meters } = options.bus;
  const slotsBy = new Map<string, Slots>();
  const slotsOf = meters.map((meter) => {
    const key = meter.schedule ?? String(meter.intervalMs ?? "");
    const slots = slotsBy.get(key) ?? slotsFor(meter, options);
    slotsBy.set(key, slots);
    return slots;
  });
  let all = options.atOnce ?? false;
  return {
    nextAt: () => all ? options.timer.elapsed() : Math.min(...[...slotsBy.values()].map((slots) => slots.nextAt())),
    take() {
      const due = new Set([...slotsBy.values()].filter((slots) => slots.take() !== null || all));
      all = false;
      if (due.size === 0) return [];
      return meters.flatMap(({ address }, index) => {
        const slots = slotsOf[index];
        return slots !== undefined && due.has(slots) ? [address] : [];
      });
    },
  };
}

/** Neither of a bus and its meter said anything, which the configuration's parser does not let happen. */
const USUAL_MS = 900_000;

function slotsFor(meter: MeterConfig, { gateway, bus, clock, timer }: TimetableOptions): Slots {
  const cron = meter.intervalMs !== undefined ? undefined : meter.schedule ?? bus.schedule;
  if (cron === undefined) {
    const intervalMs = meter.intervalMs ?? bus.intervalMs ?? USUAL_MS;
    return intervalSlots({ intervalMs, jitterMs: stableJitterMs(gateway, bus.name, intervalMs), timer });
  }
  const { timeZone } = bus;
  const jitterMs = stableJitterMs(gateway, bus.name, cronGapMs(cron, timeZone));
  return cronSlots({ cron, timeZone, jitterMs, clock, timer });
}
