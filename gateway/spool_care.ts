import type { Log } from "@mbus-gateway/resource";
import type { Timer } from "./clock.ts";
import { condition } from "./condition.ts";
import type { Spool } from "./spool.ts";

export interface SpoolCareOptions {
  spool: Pick<Spool, "tend">;
  timer: Timer;
  log: Log;
  signal: AbortSignal;
  /** Called when something was done: there may be more to send. */
  onDone: () => void;
}

/** Between two steps that belong together the meters have their turn. */
const NEXT_STEP_MS = 20;
/** How often it is looked whether there is something to do. */
const LOOK_MS = 5_000;

/** Looks after the spool beside the reading, a little at a time, until the signal aborts. */
export async function spoolCare({ spool, timer, log, signal, onDone }: SpoolCareOptions): Promise<void> {
  const care = condition(log, "The spool is looked after again");
  while (!signal.aborted) {
    let more = false;
    try {
      more = spool.tend();
      care.works();
    } catch (thrown) {
      // A full disk, a failing card: readings are not kept either, and say so; later it may do.
      care.fails(thrown);
    }
    if (more) onDone();
    try {
      await timer.sleep(more ? NEXT_STEP_MS : LOOK_MS, signal);
    } catch (thrown) {
      if (!signal.aborted) throw thrown;
    }
  }
}
