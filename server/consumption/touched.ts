import { Calendar, type Span } from "./calendar.ts";
import type { Change } from "./changes.ts";
import { type Stay, stayBehind, staysOf } from "./periods.ts";
import type { Stretch } from "./store_periods.ts";

const NOWHERE = new Calendar("UTC");
const DAY_MS = 86_400_000;

/** A stay with all its days that something touches. */
export interface StayTouched extends Stay {
  days: Span;
}

/** A change with all that it touches. */
export interface Touched {
  change: Change;
  /** Since when it can be reckoned anew. */
  since: number;
  stays: StayTouched[];
  months: Stretch[];
  /** All the days of all stays. */
  whole: Span;
}

/**
 * What a change touches: the days of a span in each place that the meter was in, as far as they can be reckoned anew, and
 * their months. Where meters were moved or a calendar is another, months are made anew also of days that cannot.
 *
 * @param span from the reading before the change to the one behind it.
 */
export function touchedBy(change: Change, span: Span, since: number, placements: readonly Stay[]): Touched[] {
  const places = staysOf(placements, NOWHERE);
  const reckonable = { start: Math.max(span.start, since), end: span.end };
  const stays = change.end < since ? [] : staysTouched(places.flatMap((stay) => stayBehind(stay, since)), reckonable);
  if (stays.length === 0 && !change.replaced) return [];
  const months = change.replaced
    ? staysTouched(places, around(change, 32 * DAY_MS)).flatMap((stay) =>
      monthsOf(change, around(stay.days, DAY_MS), stay)
    )
    : stays.flatMap((stay) => monthsOf(change, stay.days, stay));
  const whole = {
    start: Math.min(reckonable.start, span.end, ...stays.map(({ days }) => days.start)),
    end: Math.max(reckonable.end, ...stays.map(({ days }) => days.end)),
  };
  return [{ change, since, stays, months, whole }];
}

/** A span and some time on either side: calendars differ by a day, and months are long. */
export function around({ start, end }: Span, margin: number): Span {
  return { start: start - margin, end: end + margin };
}

export function stretchOf({ tenantId, seriesId }: Change, { placementId }: Stay, { start, end }: Span): Stretch {
  return { tenantId, seriesId, placementId, start, end };
}

/** The stays that a span touches; where a meter was in no unit twice in one day, both times are of that day. */
function staysTouched(stays: Stay[], span: Span): StayTouched[] {
  const touched = stays.flatMap((stay) => daysTouched(stay, span));
  const nowhere = touched.filter(({ placementId }) => placementId === "0").map(({ days }) => days);
  if (nowhere.length === 0) return touched;
  const days = {
    start: Math.min(...nowhere.map(({ start }) => start)),
    end: Math.max(...nowhere.map(({ end }) => end)),
  };
  return [
    ...touched.filter(({ placementId }) => placementId !== "0"),
    ...stays.filter(({ placementId }) => placementId === "0").flatMap((stay) => daysTouched(stay, days)),
  ];
}

/** A stay with its days that a span touches; none where the two are apart. */
function daysTouched(stay: Stay, span: Span): StayTouched[] {
  const [start, end] = [Math.max(stay.start, span.start), Math.min(stay.end, span.end)];
  if (start >= end) return [];
  const days = { start: stay.calendar.dayOf(start).start, end: stay.calendar.dayOf(end - 1).end };
  return [{ ...stay, days }];
}

function monthsOf(change: Change, days: Span, stay: Stay): Stretch[] {
  const months: Stretch[] = [];
  for (let at = days.start; at < days.end;) {
    const month = stay.calendar.monthOf(at);
    months.push(stretchOf(change, stay, month));
    at = month.end;
  }
  return months;
}
