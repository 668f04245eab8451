import { describeError, type MqttSession } from "@mbus-gateway/resource";
import type { Timer } from "./clock.ts";

/** What became of a message. */
export type PublishOutcome =
  | { type: "acknowledged" }
  /** The broker said no; the connection goes on. */
  | { type: "refused"; error: Error }
  /** The connection ended first. */
  | { type: "ended" }
  /** Nothing came in time; the connection may be dead without knowing it. */
  | { type: "overdue"; error: Error };

export interface BoundedPublishOptions {
  timer: Timer;
  /** How long the broker may take. */
  acknowledgeMs: number;
  /** How long it may still take once `stop` aborts. */
  drainMs: number;
  stop: AbortSignal;
}

/** A rejected publish is the connection's end if that is seen within so long. */
const END_IS_SEEN_MS = 100;

/** Publishes at QoS 1 and waits for the acknowledgement, but not for ever. Never rejects. */
export async function boundedPublish(
  session: MqttSession,
  topic: string,
  payload: Uint8Array,
  contentType: string,
  { timer, acknowledgeMs, drainMs, stop }: BoundedPublishOptions,
): Promise<PublishOutcome> {
  const over = new AbortController();
  const cut = new AbortController();
  const within = (ms: number) => {
    timer.sleep(ms, over.signal).then(
      () => cut.abort(new Error(`Cannot deliver: the broker acknowledged nothing within ${ms / 1000} s`)),
      () => {},
    );
  };
  const drain = () => within(drainMs);
  within(acknowledgeMs);
  if (stop.aborted) drain();
  else stop.addEventListener("abort", drain);
  try {
    await session.publish(topic, payload, { qos: 1, contentType, signal: cut.signal });
    return { type: "acknowledged" };
  } catch (thrown) {
    if (cut.signal.aborted) return { type: "overdue", error: cut.signal.reason };
    const ended = await Promise.race([
      session.closed.then(() => true),
      timer.sleep(END_IS_SEEN_MS, over.signal).then(() => false, () => false),
    ]);
    if (ended) return { type: "ended" };
    return { type: "refused", error: thrown instanceof Error ? thrown : new Error(describeError(thrown)) };
  } finally {
    stop.removeEventListener("abort", drain);
    over.abort();
  }
}
