import { Cron } from "croner";
import type { Clock, Timer } from "./clock.ts";

/** The moments of a schedule. Whoever comes late gets the newest that has passed, once: no burst catches up. */
export interface Slots {
  /** When to ask again, on the monotonic clock; `Infinity` when nothing comes any more. */
  nextAt(): number;
  /** Takes what has come due; it does not come again. */
  take(): Due | null;
}

/** A moment to act. */
export interface Due {
  /** Which one: a number for an interval (0 is the first), the time of the expression in milliseconds for cron. */
  slot: number;
  /** Whether others passed unused before it. */
  late: boolean;
}

export interface IntervalSlotsOptions {
  intervalMs: number;
  /** Shifts every slot but the first; see {@linkcode stableJitterMs}. */
  jitterMs?: number;
  timer: Timer;
}

/**
 * Slots at a fixed interval, the first at once. Counted on the monotonic clock: however the clock is set, none is
 * skipped and none comes twice.
 *
 * @example
 * ```ts
 * import { intervalSlots } from "./schedule.ts";
 * import { systemTimer as timer } from "./clock.ts";
 * const slots = intervalSlots({ intervalMs: 60_000, timer });
 * slots.take(); // { slot: 0, late: false }
 * slots.take(); // null
 * ```
 */
export function intervalSlots({ intervalMs, jitterMs = 0, timer }: IntervalSlotsOptions): Slots {
  const start = timer.elapsed();
  const first = start + jitterMs;
  let next = 0;
  return {
    nextAt: () => next === 0 ? start : first + next * intervalMs,
    take() {
      const newest = Math.max(next === 0 ? 0 : -1, Math.floor((timer.elapsed() - first) / intervalMs));
      if (newest < next) return null;
      const late = newest > next;
      next = newest + 1;
      return { slot: newest, late };
    },
  };
}

export interface CronSlotsOptions {
  /** Five or six fields. */
  cron: string;
  /** Default UTC. */
  timeZone?: string;
  jitterMs?: number;
  clock: Clock;
  timer: Timer;
}

/** The clock is looked at this often, so that a step of it is noticed. */
const LOOK_MS = 30_000;
/** A clock set back by more than this was wrong before: what it saw then does not count. */
const IMPLAUSIBLE_MS = 86_400_000;

/**
 * The times of a cron expression, each once. A clock set forward over times makes the newest of them due at once; one
 * set back does not make it due again.
 */
export function cronSlots({ cron, timeZone = "UTC", jitterMs = 0, clock, timer }: CronSlotsOptions): Slots {
  const times = new Cron(cron, { paused: true, timezone: timeZone });
  /** The newest time that was taken, or where the looking began. */
  let last = shifted();
  let next = after(last);

  /** The clock without this gateway's distance from it: what of the expression has come. */
  function shifted(): number {
    return clock.now().getTime() - jitterMs;
  }
  function after(moment: number): number {
    return times.nextRun(new Date(moment))?.getTime() ?? Infinity;
  }
  function seen(moment: number) {
    last = moment;
    next = after(last);
  }
  return {
    nextAt() {
      const now = shifted();
      if (last - now > IMPLAUSIBLE_MS) seen(now);
      return next === Infinity ? Infinity : timer.elapsed() + Math.min(LOOK_MS, Math.max(0, next - now));
    },
    take() {
      const now = shifted();
      if (last - now > IMPLAUSIBLE_MS) seen(now);
      if (now < next) return null;
      const newest = times.previousRuns(1, new Date(now + 1))[0]?.getTime() ?? next;
      const due = Math.max(next, newest);
      const late = due > next;
      seen(due);
      return { slot: due, late };
    },
  };
}

/** How far apart the next two times of a cron expression are, in milliseconds. */
export function cronGapMs(cron: string, timeZone = "UTC"): number {
  const [first, second] = new Cron(cron, { paused: true, timezone: timeZone }).nextRuns(2);
  return first === undefined || second === undefined ? Infinity : second.getTime() - first.getTime();
}

/** The times of a cron expression in UTC as they come, until the signal aborts. */
export async function* cronSchedule(
  { signal, ...options }: CronSlotsOptions & { signal: AbortSignal },
): AsyncGenerator<Date, void> {
  const slots = cronSlots(options);
  for (;;) {
    const due = slots.take();
    if (due !== null) yield new Date(due.slot);
    if (!await sleptUntil(slots.nextAt(), options.timer, signal)) return;
  }
}

/**
 * How far a gateway keeps from the full interval: always the same for the same two names, up to a tenth of the
 * interval and at most a minute, so that gateways that started together do not act together for ever.
 */
export function stableJitterMs(gateway: string, name: string, intervalMs: number): number {
  return Math.floor(hashOf(`${gateway}/${name}`) * Math.min(intervalMs / 10, 60_000));
}

/** @returns false when the signal ended the wait. */
async function sleptUntil(moment: number, timer: Timer, signal: AbortSignal): Promise<boolean> {
  if (signal.aborted || moment === Infinity) return false;
  const wait = moment - timer.elapsed();
  if (wait <= 0) return true;
  try {
    await timer.sleep(wait, signal);
    return true;
  } catch (thrown) {
    if (signal.aborted) return false;
    throw thrown;
  }
}

/** A number from 0 up to 1 that depends on the text alone (FNV-1a, mixed once more for short texts). */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 0x01000193);
  hash ^= hash >>> 16;
  hash = Math.imul(hash, 0x85ebca6b);
  hash ^= hash >>> 13;
  return (hash >>> 0) / 2 ** 32;
}
