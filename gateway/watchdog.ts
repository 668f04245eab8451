import type { Log } from "@mbus-gateway/resource";
import type { Timer } from "./clock.ts";
import { condition } from "./condition.ts";
import type { PulseWatch } from "./pulse_watch.ts";
import type { ServiceManager } from "./service_manager.ts";

export interface WatchdogOptions {
  manager: ServiceManager | null;
  watch: PulseWatch;
  /** A real round trip through what the gateway cannot do without; its failure keeps the watchdog hungry. */
  roundTrip: () => unknown;
  /** One line on how the gateway does, for `systemctl status`. */
  status: () => string;
  timer: Timer;
  log: Log;
  signal: AbortSignal;
}

/** Without a watchdog, how often the state is looked at and told. */
const LOOK_MS = 10_000;

/**
 * Feeds the service manager's watchdog, three times as often as it must be, for as long as every part of the program is
 * heard of in time. A program that hangs in one part falls silent altogether, and is started again.
 */
export async function watchdog(options: WatchdogOptions): Promise<void> {
  const { manager, watch, roundTrip, status, timer, log, signal } = options;
  const everyMs = Math.min(LOOK_MS, (manager?.watchdogMs ?? Infinity) / 3);
  const health = condition(log, "All parts of the gateway are heard of again");
  while (!signal.aborted) {
    const hanging = watch.silent().map(({ part, silentMs }) => `${part} (${Math.round(silentMs / 1000)} s)`);
    const failure = hanging.length > 0 ? `hangs: ${hanging.join(", ")}` : failureOf(roundTrip);
    if (failure === null) {
      health.works();
      await manager?.alive(status());
    } else {
      const consequence = manager?.watchdogMs ? "the service manager will start the gateway again" : "nobody watches";
      health.fails(`A part of the gateway ${failure.replace(/\d+ s/g, "…")}; ${consequence}`, { now: failure });
      await manager?.status(failure);
    }
    await pause(timer, everyMs, signal);
  }
}

function failureOf(roundTrip: () => unknown): string | null {
  try {
    roundTrip();
    return null;
  } catch (thrown) {
    return `fails: ${(thrown as Error).message}`;
  }
}

async function pause(timer: Timer, ms: number, signal: AbortSignal) {
  try {
    await timer.sleep(ms, signal);
  } catch (thrown) {
    if (!signal.aborted) throw thrown;
  }
}
