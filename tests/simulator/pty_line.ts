import { delay } from "@std/async";
import { pointLink, ptyPair } from "../fixtures/pty.ts";
import type { SimulatedBus } from "./simulate_bus.ts";

export interface PtyLineOptions {
  /** A link that always leads to the present pseudo-terminal. */
  link?: string;
  /** How long it is away after it was unplugged. */
  replugMs: number;
  /** Called with the path of each new one. */
  onPlugged: (path: string) => void;
  signal: AbortSignal;
}

/** A pseudo-terminal to the segment, and another one after each that was unplugged, until `signal` aborts. */
export async function servePty(
  bus: SimulatedBus,
  { link, replugMs, onPlugged, signal }: PtyLineOptions,
): Promise<void> {
  while (!signal.aborted) {
    await using pty = ptyPair();
    const unplug = () => void pty.hangUp();
    signal.addEventListener("abort", unplug, { once: true });
    if (link !== undefined) pointLink(link, pty.path);
    onPlugged(pty.path);
    await bus.serve(pty);
    signal.removeEventListener("abort", unplug);
    if (link !== undefined) pointLink(link, null);
    await pty.hangUp();
    await delay(replugMs, { signal }).catch((thrown) => {
      if (!signal.aborted) throw thrown;
    });
  }
}
