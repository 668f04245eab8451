import { abortable, deadline } from "@std/async";
import type { Log, MqttSession } from "@mbus-gateway/resource";
import type { Timer } from "../clock.ts";
import { timeLimit } from "../time_limit.ts";
import type { MqttRequests } from "./mqtt_requests.ts";

/** Nobody waits longer for the subscription. */
const SUBSCRIBE_MS = 1_000;
/** So long after an answer somebody may ask for the next thing; and what waits at the broker comes. */
const LISTEN_MS = 1_000;

/** Hears requests over a session until it is disposed. They are a help: readings go out with or without them. */
export async function hearRequests(
  requests: MqttRequests | undefined,
  session: MqttSession,
  log: Log,
): Promise<Disposable> {
  try {
    if (requests !== undefined) await deadline(requests.attach(session), SUBSCRIBE_MS);
  } catch (error) {
    log.warn("Cannot hear requests: nobody can ask this gateway over the broker", { error });
  }
  return { [Symbol.dispose]: () => requests?.detach() };
}

/**
 * Stays on a session that was made for something else until what was asked over it is answered; what takes longer than
 * the limit is answered over the next one.
 */
export async function whileAsked(
  requests: MqttRequests,
  session: MqttSession,
  { timer, limitMs, signal }: { timer: Timer; limitMs: number; signal?: AbortSignal },
): Promise<void> {
  using limit = timeLimit(limitMs, timer);
  const gone = new AbortController();
  void session.closed.then(() => gone.abort());
  const end = AbortSignal.any([limit.signal, gone.signal, ...signal === undefined ? [] : [signal]]);
  try {
    do {
      await abortable(requests.answered(), end);
      await timer.sleep(LISTEN_MS, end);
    } while (requests.isAsked);
  } catch (thrown) {
    if (!end.aborted) throw thrown;
  }
}
