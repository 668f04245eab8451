import type { Log, MqttMessage, MqttSession } from "@mbus-gateway/resource";

/** Somebody who uses the connection to the broker beside the delivery, while it stands. */
export interface SessionGuest {
  /** Takes a message that is for it. @returns false for any other. */
  take?(message: MqttMessage): boolean;
  /** Uses the session until `signal` aborts, when the connection has ended. */
  attend(session: MqttSession, signal: AbortSignal): Promise<void>;
}

/** Lets all guests in. What they fail at is logged: readings go out with or without them. */
export async function attendAll(
  guests: readonly SessionGuest[],
  session: MqttSession,
  signal: AbortSignal,
  log: Log,
): Promise<void> {
  await Promise.all(guests.map(async (guest) => {
    try {
      await guest.attend(session, signal);
    } catch (error) {
      if (!signal.aborted) log.warn("Somebody who tells of the gateway over the broker failed", { error });
    }
  }));
}
