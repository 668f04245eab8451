import type { Tx } from "../db/mod.ts";

/**
 * A condition on rows of `consumption` beside `first_day`, `end_day` and `time_zone`: the days of a billing period by its
 * property's calendar of today. A day is told by its middle, as its month is.
 */
export function isDayBilled(tx: Tx) {
  return tx`
    resolution = 'day' and period_start >= first_day - 2 and period_start < end_day + 2 -- by the key
    and ((period_start + (period_end - period_start) / 2) at time zone time_zone)::date >= first_day
    and ((period_start + (period_end - period_start) / 2) at time zone time_zone)::date < end_day`;
}
