import { describeError, type Log } from "@mbus-gateway/resource";
import { abortable, delay } from "@std/async";

/** Work that some server does now and then; it bears being done by two at once. */
export interface UpkeepTask {
  name: string;
  run(signal: AbortSignal): Promise<void>;
}

export interface UpkeepOptions {
  tasks: readonly UpkeepTask[];
  signal: AbortSignal;
  log: Log;
  /** Default one minute. */
  intervalMs?: number;
}

/**
 * Does each task, pauses, and begins again, until the signal aborts. A task that fails is said once, and done again in the
 * next round: a database that is away comes back.
 */
export async function upkeepLoop({ tasks, signal, log, intervalMs = 60_000 }: UpkeepOptions): Promise<void> {
  const failing = new Map<string, string>();
  while (!signal.aborted) {
    for (const { name, run } of tasks) {
      try {
        await abortable(run(signal), signal); // a stop does not wait for a database that hangs
        if (failing.delete(name)) log.info("Upkeep works again", { task: name });
      } catch (error) {
        if (signal.aborted) return;
        const text = describeError(error);
        if (failing.get(name) !== text) log.warn("Cannot do upkeep: it is tried again", { task: name, error });
        failing.set(name, text);
      }
    }
    try {
      await delay(intervalMs, { signal });
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }
}

/** A task that does its work once an hour, however often it is asked; one that failed is done again when asked next. */
export function hourly(work: () => Promise<unknown>, now: () => Date): UpkeepTask["run"] {
  let doneIn = "";
  return async () => {
    const hour = now().toISOString().slice(0, 13);
    if (hour === doneIn) return;
    await work();
    doneIn = hour;
  };
}
