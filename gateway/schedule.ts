import { Cron } from "croner";
import type { Clock, Timer } from "./clock.ts";

/** A moment to act. */
export interface Due {
  /** 0 for the first; numbers left out were missed. */
  slot: number;
  /** How many slots passed unused since the one before, because acting took too long. */
  missed: number;
}

export interface IntervalScheduleOptions {
  intervalMs: number;
  /** Shifts every slot but the first; see {@linkcode stableJitterMs}. */
  jitterMs?: number;
  timer: Timer;
  /** Ends the schedule. */
  signal: AbortSignal;
}

/**
 * Slots at a fixed interval, the first at once. Counted on the monotonic clock, so that a correction of the time
 * neither skips nor doubles one. Whoever comes back late gets the newest slot that has passed, once, and none of those
 * before it: no burst catches up.
 *
 * @example
 * ```ts
 * import { intervalSchedule } from "./schedule.ts";
 * import { systemTimer as timer } from "./clock.ts";
 * const stop = new AbortController();
 * for await (const { slot } of intervalSchedule({ intervalMs: 1, timer, signal: stop.signal })) {
 *   if (slot >= 2) stop.abort();
 * }
 * ```
 */
export async function* intervalSchedule(
  { intervalMs, jitterMs = 0, timer, signal }: IntervalScheduleOptions,
): AsyncGenerator<Due, void> {
  const start = timer.elapsed();
  const first = start + jitterMs;
  let slot = 0;
  let missed = 0;
  while (await sleptUntil(slot === 0 ? start : first + slot * intervalMs, timer, signal)) {
    yield { slot, missed };
    const newest = Math.floor((timer.elapsed() - first) / intervalMs);
    const next = Math.max(slot + 1, newest);
    [slot, missed] = [next, next - slot - 1];
  }
}

/**
 * How far a gateway's bus keeps from the full interval: always the same for the same two names, up to a tenth of the
 * interval and at most a minute, so that gateways that started together do not act together for ever.
 */
export function stableJitterMs(gateway: string, name: string, intervalMs: number): number {
  return Math.floor(hashOf(`${gateway}/${name}`) * Math.min(intervalMs / 10, 60_000));
}

export interface CronScheduleOptions {
  /** Five or six fields, in UTC. */
  cron: string;
  jitterMs?: number;
  clock: Clock;
  timer: Timer;
  signal: AbortSignal;
}

/** The clock is looked at this often, so that a step of it is noticed. */
const LOOK_MS = 30_000;
/** A clock set back by more than this was wrong before: what it saw then does not count. */
const IMPLAUSIBLE_MS = 86_400_000;

/**
 * The times of a cron expression. A clock set forward over a time makes it due at once; one set back does not make it
 * due again.
 */
export async function* cronSchedule(
  { cron, jitterMs = 0, clock, timer, signal }: CronScheduleOptions,
): AsyncGenerator<Date, void> {
  const times = new Cron(cron, { paused: true, timezone: "UTC" });
  let last = clock.now().getTime();
  for (;;) {
    const next = times.nextRun(new Date(last))?.getTime();
    if (next === undefined) return;
    for (;;) {
      const now = clock.now().getTime();
      if (last - now > IMPLAUSIBLE_MS) break;
      if (now >= next + jitterMs) break;
      const wait = Math.min(LOOK_MS, next + jitterMs - now);
      if (!await sleptUntil(timer.elapsed() + wait, timer, signal)) return;
    }
    const now = clock.now().getTime();
    if (now >= next + jitterMs) yield new Date(next);
    if (signal.aborted) return;
    const after = clock.now().getTime();
    last = last - after > IMPLAUSIBLE_MS ? after : Math.max(next, after - jitterMs);
  }
}

/** @returns false when the signal ended the wait. */
async function sleptUntil(moment: number, timer: Timer, signal: AbortSignal): Promise<boolean> {
  if (signal.aborted) return false;
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
