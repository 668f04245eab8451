import { add, type Amount } from "./amount.ts";
import type { Calendar, Span } from "./calendar.ts";
import type { Course, Portion } from "./course.ts";

/** Where a meter was for a while; `end` is Infinity while it is there. */
export interface Stay extends Span {
  /** "0": in no unit. */
  placementId: string;
  calendar: Calendar;
  /** It began earlier, where nothing can be reckoned anew. */
  cut?: boolean;
}

export type PeriodFlag = Portion["flags"][number] | "meter_changed";

/** What a counter consumed in an hour or a day of one place. */
export interface Period {
  placementId: string;
  resolution: "hour" | "day";
  /** The calendar's; the amount is of the part in which the meter was there. */
  start: number;
  end: number;
  amount: Amount;
  startInterpolated: boolean;
  endInterpolated: boolean;
  partial: boolean;
  flags: PeriodFlag[];
}

const NOMINAL_MS = { hour: 3_600_000, day: 86_400_000 };

/** The hours and days of a stay that a span touches; each of its days whole, so that a day is the sum of its hours. */
export function periodsOf(course: Course, stay: Stay, span: Span): Period[] {
  const touched = { start: Math.max(stay.start, span.start), end: Math.min(stay.end, span.end) };
  const periods: Period[] = [];
  for (const day of stay.calendar.days(touched)) {
    const whole = periodOf(course, stay, day, "day");
    if (whole === null) continue;
    periods.push(whole);
    for (const hour of stay.calendar.hours(day)) {
      const part = periodOf(course, stay, hour, "hour");
      if (part !== null) periods.push(part);
    }
  }
  return periods;
}

function periodOf(course: Course, stay: Stay, { start, end }: Span, resolution: Period["resolution"]): Period | null {
  const [from, to] = [Math.max(start, stay.start), Math.min(end, stay.end)];
  const portion = from < to ? course.between(from, to) : null;
  if (portion === null) return null;
  const { amount, startGap, endGap, partial, flags } = portion;
  const begins = !stay.cut && (from > start || from === stay.start);
  const changed = stay.placementId !== "0" && (begins || to < end);
  return {
    ...{ placementId: stay.placementId, resolution, start, end, amount },
    partial: partial || (stay.cut === true && from > start),
    startInterpolated: isFarApart(startGap, resolution),
    endInterpolated: isFarApart(endGap, resolution),
    flags: changed ? [...flags, "meter_changed"] : flags,
  };
}

/**
 * Whether readings are so far apart that what lies at an edge between them is more guess than measurement: further than
 * the period is long. A tenth more is let pass: schedules jitter, and a day may have 25 hours.
 */
function isFarApart(gap: number, resolution: Period["resolution"]): boolean {
  return gap * 10 > NOMINAL_MS[resolution] * 11;
}

/** Where a meter was from −Infinity to Infinity; between its placements it is in no unit, by the calendar of UTC. */
export function staysOf(placements: readonly Stay[], nowhere: Calendar): Stay[] {
  const stays: Stay[] = [];
  let at = -Infinity;
  for (const placement of placements.toSorted((a, b) => a.start - b.start)) {
    if (placement.start > at) stays.push({ placementId: "0", calendar: nowhere, start: at, end: placement.start });
    stays.push(placement);
    at = placement.end;
  }
  if (at < Infinity) stays.push({ placementId: "0", calendar: nowhere, start: at, end: Infinity });
  return stays;
}

/** What of a stay lies behind an instant. */
export function stayBehind(stay: Stay, instant: number): Stay[] {
  if (stay.end <= instant) return [];
  return [stay.start < instant ? { ...stay, start: instant, cut: true } : stay];
}

/** Makes one of periods that are the same stretch of the calendar: a meter was in no unit, twice in one day. */
export function mergePeriods(periods: readonly Period[]): Period[] {
  const merged = new Map<string, Period>();
  for (const period of periods) {
    const key = `${period.placementId} ${period.resolution} ${period.start}`;
    const before = merged.get(key);
    if (before === undefined) merged.set(key, period);
    else {
      merged.set(key, {
        ...before,
        amount: add(before.amount, period.amount),
        endInterpolated: period.endInterpolated,
        partial: before.partial || period.partial,
        flags: [...new Set([...before.flags, ...period.flags])],
      });
    }
  }
  return [...merged.values()];
}
