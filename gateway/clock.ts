import { delay } from "@std/async";
import { exists } from "./exists.ts";

/** The gateway's idea of the time. */
export interface Clock {
  now(): Date;
  /** Whether `now()` can be believed; a readout taken while it cannot says so in its field `clock`. */
  trusted(): boolean;
}

/** Waiting and measuring that no correction of the clock disturbs. */
export interface Timer {
  /** Milliseconds since some moment in the past; only rises. */
  elapsed(): number;
  /** Resolves after `ms` milliseconds, or rejects with the signal's reason. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

/** No clock can be right that shows a time before this release was made. */
export const RELEASED: Date = new Date("2026-01-01T00:00:00.000Z");

/** Where systemd-timesyncd keeps its state; `synchronized` in it appears once a server has answered. */
export const TIMESYNC_FOLDER = "/run/systemd/timesync";

export interface SystemClockOptions {
  now?: () => Date;
  /** Whether systemd-timesyncd has set the clock: null where it is not in use or may not be looked at. */
  synchronized?: () => boolean | null;
}

/**
 * The computer's clock. It is trusted when it is later than {@linkcode RELEASED} and, where systemd-timesyncd runs,
 * once that has heard a time server: a board without a battery starts with the time of its last shutdown, which is
 * plausible and wrong. Where another program keeps the time (chrony, a container's host) the date alone decides.
 */
export function systemClock(options: SystemClockOptions = {}): Clock {
  const { now = () => new Date(), synchronized = timesyncState } = options;
  let heard = false;
  return {
    now,
    trusted() {
      if (now().getTime() < RELEASED.getTime()) return false;
      // timesyncd's word is final: it never takes `synchronized` back while it runs.
      heard ||= synchronized() !== false;
      return heard;
    },
  };
}

/** The process's monotonic clock. */
export const systemTimer: Timer = {
  elapsed: () => performance.now(),
  sleep: (ms, signal) => delay(ms, { signal }),
};

/** Needs `--allow-read=/run/systemd/timesync`; without it the state is unknown, which is not an error. */
function timesyncState(): boolean | null {
  if (Deno.build.os !== "linux") return null;
  if (Deno.permissions.querySync({ name: "read", path: TIMESYNC_FOLDER }).state !== "granted") return null;
  if (!exists(TIMESYNC_FOLDER)) return null;
  return exists(`${TIMESYNC_FOLDER}/synchronized`);
}
