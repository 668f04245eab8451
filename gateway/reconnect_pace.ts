import { type Backoff, fullJitterBackoff, isLoopback } from "@mbus-gateway/resource";

/** Waits grow up to this. */
const MOST_MS = 300_000;
/** The first wait of a gateway that has just begun: its network may be a moment behind it. */
const BEGINNING_MS = 2_000;
/** Everybody who stood at a broker loses it at the same moment: their first attempts lie this far apart. */
const SPREAD_MS = 64_000;

/**
 * How long to wait before each attempt to reach the broker again: full jitter up to 300 s. The first bound is small as
 * long as no connection has lasted. After one that has, it is more than a minute, so that a thousand gateways do not
 * come back to a broker that was just started in the one second in which it can stand that least. A broker on this
 * machine has no such crowd.
 */
export function reconnectPace(url: string, random: () => number = Math.random): Backoff {
  const beginning = fullJitterBackoff({ baseMs: BEGINNING_MS, maxMs: MOST_MS, random });
  const crowd = fullJitterBackoff({ baseMs: SPREAD_MS, maxMs: MOST_MS, random });
  const afterwards = isLoopback(new URL(url)) ? beginning : crowd;
  let pace = beginning;
  return {
    next: () => pace.next(),
    reset() {
      pace = afterwards;
      pace.reset();
    },
  };
}
