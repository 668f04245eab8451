import { Cron } from "croner";
import type { BusConfig } from "../config.ts";

/** A value counts as unknown after so many readings of its meter have failed in a row. */
const MISSED_READINGS = 3;
/** Never sooner: a broker's moment of trouble is no reason. */
const LEAST_S = 60;
/** So many times of a schedule show its longest pause: two months of a daily one. */
const LOOK_AHEAD = 60;

/**
 * After how many seconds without news a value of a meter counts as unknown; null for a meter heard by radio, which sends when
 * it likes. */
export function expireAfterS(buses: readonly BusConfig[], bus: string, address: string): number | null {
  const found = buses.find(({ name }) => name === bus);
  const meter = found?.meters.find((each) => each.address === address);
  if (found === undefined || meter === undefined) return null;
  const own = meter.intervalMs !== undefined || meter.schedule !== undefined ? meter : found;
  const pauseMs = own.intervalMs ?? (own.schedule === undefined ? null : longestPauseMs(own.schedule, found.timeZone));
  return pauseMs === null ? null : Math.max(LEAST_S, Math.ceil(MISSED_READINGS * pauseMs / 1_000));
}

function longestPauseMs(schedule: string, timeZone = "UTC"): number | null {
  const times = new Cron(schedule, { paused: true, timezone: timeZone }).nextRuns(LOOK_AHEAD);
  const pauses = times.slice(1).map((time, index) => time.getTime() - (times[index]?.getTime() ?? NaN));
  return pauses.length === 0 ? null : Math.max(...pauses);
}
