import type { Log, MqttSession } from "@mbus-gateway/resource";
import { topic } from "@mbus-gateway/wire";
import type { Timer } from "../clock.ts";
import type { SessionGuest } from "../session_guest.ts";
import type { Figures } from "./figures.ts";

export interface HealthOptions {
  figures: () => Figures;
  intervalMs: number;
  timer: Timer;
  log: Log;
}

/** The retained word on a gateway's health, as JSON. */
export function healthText(figures: Figures): string {
  return JSON.stringify({ schema: "mbus-gateway/health", version: 1, ...figures });
}

/** Publishes the health, retained, when a connection begins and each interval while it stands. */
export function healthGuest(options: HealthOptions): SessionGuest {
  const { intervalMs, timer } = options;
  return {
    async attend(session, signal) {
      while (!signal.aborted) {
        await tell(session, options, signal);
        try {
          await timer.sleep(intervalMs, signal);
        } catch (thrown) {
          if (!signal.aborted) throw thrown;
        }
      }
    },
  };
}

async function tell(session: Pick<MqttSession, "publish">, { figures, log }: HealthOptions, signal: AbortSignal) {
  const now = figures();
  try {
    // Late news is no news: the next one comes by itself, so that nothing is sent again.
    await session.publish(topic.health(now.gateway), healthText(now), { qos: 0, retain: true });
  } catch (error) {
    if (!signal.aborted) log.debug("The health was not published", { error });
  }
}
