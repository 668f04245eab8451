import {
  ConfigurationError,
  describeError,
  type HttpClient,
  HttpError,
  type Log,
  silentLog,
} from "@mbus-gateway/resource";
import { encodeHeartbeat, type Heartbeat, VERSION } from "@mbus-gateway/wire";
import { type Clock, systemClock, systemTimer, type Timer } from "./clock.ts";
import type { Counts } from "./counts.ts";
import type { Delivery } from "./delivery.ts";
import type { Spool } from "./spool.ts";

export interface HeartbeatOptions {
  gateway: string;
  /** The server's address, such as `https://platform.example.org`, and the token that it issued for this gateway. */
  platform: { url: string | URL; token: string };
  http: HttpClient;
  spool: Pick<Spool, "epoch" | "status">;
  counts: Counts;
  /** Is given the answer, which is a confirmation. */
  delivery: Pick<Delivery, "onConfirmation">;
  clock?: Clock;
  /** Whole seconds since the gateway started; by default since the process did. */
  uptimeSeconds?: () => number;
  signal?: AbortSignal;
}

/** A gateway's word on itself at this moment; every number is what has happened, none is a hope. */
export function composeHeartbeat(
  { gateway, spool, counts, clock = systemClock(), uptimeSeconds = processUptime }: Omit<
    HeartbeatOptions,
    "platform" | "http" | "delivery"
  >,
  status: Heartbeat["status"],
): Heartbeat {
  const { depth, oldest, newest, parked, dropped, salvaged } = spool.status();
  return {
    gateway,
    epoch: spool.epoch,
    sentAt: clock.now().toISOString(),
    status,
    clock: clock.trusted() ? "trusted" : "untrusted",
    software: VERSION,
    uptimeSeconds: uptimeSeconds(),
    unconfirmed: oldest === null || newest === null ? null : { oldest, newest },
    spoolDepth: depth,
    counts: { ...counts.read(), parked, dropped, salvaged },
  };
}

/**
 * Posts one heartbeat and applies its answer.
 *
 * @throws {Error} with a sentence for a person when the server cannot be reached or refuses it.
 */
export async function sendHeartbeat(options: HeartbeatOptions, status: Heartbeat["status"]): Promise<void> {
  const { gateway, platform, http, delivery, signal } = options;
  const base = String(platform.url).replace(/\/*$/, "/");
  const url = new URL(`api/v1/gateways/${encodeURIComponent(gateway)}/heartbeat`, base);
  const headers = { "authorization": `Bearer ${platform.token}`, "content-type": "application/json" };
  const body = encodeHeartbeat(composeHeartbeat(options, status));
  let answer;
  try {
    answer = await http.request("POST", url, { headers, body, signal });
  } catch (cause) {
    // These have exit codes of their own, and an abort is no failure.
    const passedOn = cause instanceof ConfigurationError || cause instanceof Deno.errors.NotCapable;
    if (passedOn || signal?.aborted) throw cause;
    throw new Error(`Cannot send heartbeat: ${explain(cause, gateway)}`, { cause });
  }
  delivery.onConfirmation(answer.bytes);
}

export interface HeartbeatsOptions extends HeartbeatOptions {
  signal: AbortSignal;
  /** Default one minute. */
  intervalMs?: number;
  timer?: Timer;
  random?: () => number;
  log?: Log;
}

/**
 * Sends a heartbeat each interval until the signal aborts. Gateways that start together drift apart (10 % of jitter).
 * One that fails is logged, and stops nothing: the next one says as much.
 */
export async function heartbeats(options: HeartbeatsOptions): Promise<void> {
  const { signal, intervalMs = 60_000, timer = systemTimer, random = Math.random, log = silentLog } = options;
  let lastFailure = "";
  let pause = random() * intervalMs / 10;
  while (await slept(timer, pause, signal)) {
    pause = intervalMs * (0.9 + random() / 5);
    try {
      await sendHeartbeat(options, "online");
      if (lastFailure !== "") log.info("Heartbeats are answered again");
      lastFailure = "";
    } catch (error) {
      if (signal.aborted) return;
      const failure = describeError(error);
      // The same trouble each minute for a week is one line, not ten thousand.
      if (failure === lastFailure) log.debug(failure);
      else log.warn(failure);
      lastFailure = failure;
    }
  }
}

async function slept(timer: Timer, ms: number, signal: AbortSignal): Promise<boolean> {
  try {
    await timer.sleep(ms, signal);
    return !signal.aborted;
  } catch (thrown) {
    if (signal.aborted) return false;
    throw thrown;
  }
}

function explain(cause: unknown, gateway: string): string {
  if (!(cause instanceof HttpError)) return describeError(cause);
  switch (cause.status) {
    case 401:
    case 403:
      return `the server refuses the token of ${gateway} (${cause.status}); set the one that it issued for this gateway`;
    case 404:
      return `the server does not know ${gateway} (404); register it there, or correct the gateway's id or the address`;
    default:
      return describeError(cause);
  }
}

function processUptime(): number {
  return Math.floor(performance.now() / 1000);
}
