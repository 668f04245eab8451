import { delay } from "@std/async";
import { fullJitterBackoff, type HttpClient, type Log, silentLog } from "@mbus-gateway/resource";
import type { Database } from "../db/mod.ts";
import { type DegreeDaySource, fetchDegreeDays, HEATING_DEGREE_DAYS } from "./fetch_degree_days.ts";
import { lastDegreeDay, storeDegreeDays } from "./store_degree_days.ts";

/** What the loop works with. */
export interface DegreeDayLoopOptions extends DegreeDaySource {
  database: Database;
  http: HttpClient;
  /** `municipality:0101`, `cell:10km_622_58`, `station:06180`, `country`. */
  areas: readonly string[];
  now?: () => Date;
  /** Ends the loop in order. */
  signal: AbortSignal;
  log?: Log;
  /** Waits for milliseconds; rejects when the signal aborts. */
  wait?: (ms: number, signal: AbortSignal) => Promise<void>;
  /** 0 to below 1. */
  random?: () => number;
}

const HOUR_MS = 60 * 60 * 1000;
const DAY_MS = 24 * HOUR_MS;

/** Of an area that is new: this year and last year's same period, and some more. */
const FIRST_DAYS = 800;
/** DMI corrects its values for some weeks. */
const CORRECTED_DAYS = 60;

/**
 * Fetches the degree days of every area at once and then daily; what fails is tried again with backoff, at most an hour
 * apart, and the other areas do not wait for it. Ends, without throwing, when the signal aborts.
 */
export async function degreeDayLoop(options: DegreeDayLoopOptions): Promise<void> {
  const { areas, signal, log = silentLog, wait = (ms, signal) => delay(ms, { signal }), random } = options;
  const backoff = fullJitterBackoff({ baseMs: 60_000, maxMs: HOUR_MS, random });
  let left = [...areas];
  try {
    while (areas.length > 0) {
      left = await refreshAll(options, left, log);
      signal.throwIfAborted();
      if (left.length === 0) backoff.reset();
      // At least a second, also where the jitter says none: a source that is down is not helped by haste.
      await wait(left.length > 0 ? Math.max(1000, backoff.next()) : DAY_MS, signal);
      if (left.length === 0) left = [...areas];
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

/** Refreshes one area after the other; returns those that failed. */
async function refreshAll(options: DegreeDayLoopOptions, areas: string[], log: Log): Promise<string[]> {
  const failed: string[] = [];
  for (const area of areas) {
    options.signal.throwIfAborted();
    try {
      const changed = await refreshDegreeDays({ ...options, area });
      log.info("Degree days are up to date", { area, changed });
    } catch (error) {
      options.signal.throwIfAborted();
      log.warn("Cannot fetch degree days: they are tried again", { area, error });
      failed.push(area);
    }
  }
  return failed;
}

/**
 * Fetches and stores what an area lacks and what may have been corrected.
 *
 * @returns how many days are new or have another value now.
 */
export async function refreshDegreeDays(
  options: Omit<DegreeDayLoopOptions, "areas" | "wait"> & { area: string },
): Promise<number> {
  const { database, http, area, now = () => new Date(), baseUrl, apiKey, signal } = options;
  const today = now().getTime();
  const last = await lastDegreeDay(database, HEATING_DEGREE_DAYS, area);
  const since = last === null
    ? today - FIRST_DAYS * DAY_MS
    : Math.min(Date.parse(last), today) - CORRECTED_DAYS * DAY_MS;
  const date = (time: number) => new Date(time).toISOString().slice(0, 10);
  const days = await fetchDegreeDays(http, { area, from: date(since), to: date(today), baseUrl, apiKey, signal });
  return await storeDegreeDays(database, { parameter: HEATING_DEGREE_DAYS, area, days });
}
