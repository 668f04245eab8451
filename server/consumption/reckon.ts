import type { Tx } from "../db/mod.ts";
import type { Knowledge } from "../meter_keys/knowledge.ts";
import { Calendar, type Span } from "./calendar.ts";
import type { Change } from "./changes.ts";
import { correctBilled } from "./correct_billed.ts";
import { courseOf } from "./course.ts";
import { withoutErrors } from "./errors.ts";
import { monthsAcross, reckonableSince } from "./kept.ts";
import { mergePeriods, type Period, periodsOf, type Stay, stayBehind, staysOf } from "./periods.ts";
import { loadPlaced, type Placed, placedKey, withDialReadings } from "./placed.ts";
import { readingsAround, widenToReadings } from "./readings.ts";
import { loadRegisters, seriesOf } from "./registers.ts";
import type { Knot, Register } from "./step.ts";
import { deleteEverywhere, deletePeriods, insertPeriods, type Stretch, sumMonths } from "./store_periods.ts";

const NOWHERE = new Calendar("UTC");
const DAY_MS = 86_400_000;
const NO_DIAL = { exponent: null, digits: null };

/** A change with all the days that it touches. */
interface Touched {
  change: Change;
  /** Since when it can be reckoned anew. */
  since: number;
  /** Wherever the meter was at any time. */
  all: Stay[];
  /** Where it was from the reading before the change to the one behind it. */
  stays: (Stay & { days: Span })[];
  /** All the days of all stays. */
  whole: Span;
}

/**
 * Reckons anew just what the changes touch: of each counter the days from the reading before a change to the one behind
 * it, by day and hour, in each place that the meter was in; their months from their days; and what has to be corrected in
 * periods that were billed. Needs the role `mbus_ingest` and the lock of {@linkcode refreshConsumption}.
 */
export async function reckon(tx: Tx, changes: Change[], knowledge: Knowledge): Promise<void> {
  if (changes.length === 0) return;
  const placed = await loadPlaced(tx, changes);
  const spans = (await widenToReadings(tx, changes)).map((span, index): Change => {
    const change = changes[index] as Change;
    const wide = widenToDial(change, span, dialOf(placed, change));
    return { ...change, ...(change.replaced ? around(wide, change, 2 * DAY_MS) : wide) };
  });
  const reckonable = await reckonableSince(tx, spans);
  const touched = changes.flatMap((whatChanged, index): Touched[] => {
    const [since = -Infinity, wide = whatChanged] = [reckonable[index], spans[index]];
    if (whatChanged.end < since) return [];
    const change = { ...whatChanged, start: Math.max(whatChanged.start, since) };
    const span = { start: Math.max(wide.start, since), end: wide.end };
    const all = staysOf(placed.get(placedKey(change))?.stays ?? [], NOWHERE).flatMap((stay) => stayBehind(stay, since));
    const stays = staysTouched(all, span);
    const whole = {
      start: Math.min(span.start, ...stays.map(({ days }) => days.start)),
      end: Math.max(span.end, ...stays.map(({ days }) => days.end)),
    };
    return [{ change, since, all, stays, whole }];
  });
  await store(tx, touched, placed, await loadRegisters(tx, changes, knowledge));
  // Those of periods that stay as they are too: others may have waited for them.
  await correctBilled(tx, [...spans, ...touched.map(({ change, whole }) => ({ ...change, ...whole }))]);
}

type OfSeries = Pick<Change, "tenantId" | "seriesId">;

async function store(tx: Tx, touched: Touched[], placed: Map<string, Placed>, registers: Map<string, Register>) {
  if (touched.length === 0) return;
  const readings = await readingsAround(tx, touched.map(({ change, whole }) => ({ ...change, ...whole })));
  const periods = touched.flatMap(({ change, stays }, index) => {
    const { knots = [], openStart = true, openEnd = true } = readings[index] ?? {};
    const all = withDialReadings(knots, dialOf(placed, change), { openStart, openEnd });
    const course = courseOf(withoutErrors(all), registers.get(seriesOf(change)) ?? NO_DIAL);
    const { tenantId, seriesId } = change;
    const found = stays.flatMap((stay) => periodsOf(course, stay, stay.days));
    return mergePeriods(found).map((period): Period & OfSeries => ({ tenantId, seriesId, ...period }));
  });
  const days = touched.flatMap(({ change, stays, since }) =>
    stays.map((stay) => stretchOf(change, stay, stay.days, since))
  );
  const months = touched.flatMap(({ change, all, stays }) =>
    // What was replaced took whole months away, of places that were left before it too.
    (change.replaced ? staysTouched(all, around(change, change, 32 * DAY_MS)) : stays).flatMap((stay) =>
      monthsTouched(change, stay)
    )
  );
  const cut = await monthsCut(tx, touched, months);
  await deleteEverywhere(tx, touched.flatMap(({ change }) => change.replaced ? [change] : []));
  await deletePeriods(tx, days, months);
  await insertPeriods(tx, withoutRepeats(periods));
  await sumMonths(tx, [...months, ...cut]);
}

/** Months of places that a meter is no longer said to have been in, of which days stay that cannot be reckoned anew. */
async function monthsCut(tx: Tx, touched: Touched[], months: Stretch[]): Promise<Stretch[]> {
  const cuts = touched.flatMap(({ change, since }) => change.replaced && change.start === since ? [change] : []);
  const across = await monthsAcross(tx, cuts);
  const isOfPlace = (a: Stretch, b: Stretch) => seriesOf(a) === seriesOf(b) && a.placementId === b.placementId;
  return across.filter((cut) =>
    !months.some((month) => isOfPlace(month, cut) && month.start < cut.end && month.end > cut.start)
  );
}

/** What was read from the counter's dial when its meter was put in or taken out. */
function dialOf(placed: Map<string, Placed>, change: Change): Knot[] {
  if (!change.isMain) return [];
  const { dial = [] } = placed.get(placedKey(change)) ?? {};
  return dial.flatMap(({ quantity, unit, knot }) => quantity === change.quantity && unit === change.unit ? [knot] : []);
}

/** Where there is no reading before or behind a change, what was read from the dial may be. */
function widenToDial(change: Change, { start, end }: Span, dial: Knot[]): Span {
  const times = dial.map(({ time }) => time);
  return {
    start: start < change.start ? start : Math.min(start, ...times),
    end: end > change.end ? end : Math.max(end, ...times),
  };
}

/** Both spans, and some time on either side of the second: calendars differ by a day, and months are long. */
function around(a: Span, b: Span, margin: number): Span {
  return { start: Math.min(a.start, b.start - margin), end: Math.max(a.end, b.end + margin) };
}

/** The stays that a span touches; where a meter was in no unit twice in one day, both times are of that day. */
function staysTouched(stays: Stay[], span: Span): Touched["stays"] {
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
function daysTouched(stay: Stay, span: Span): (Stay & { days: Span })[] {
  const [start, end] = [Math.max(stay.start, span.start), Math.min(stay.end, span.end)];
  if (start >= end) return [];
  const days = { start: stay.calendar.dayOf(start).start, end: stay.calendar.dayOf(end - 1).end };
  return [{ ...stay, days }];
}

function monthsTouched(change: Change, stay: Stay & { days: Span }): Stretch[] {
  const months: Stretch[] = [];
  for (let at = stay.days.start; at < stay.days.end;) {
    const month = stay.calendar.monthOf(at);
    months.push(stretchOf(change, stay, month));
    at = month.end;
  }
  return months;
}

function stretchOf(
  { tenantId, seriesId }: Change,
  { placementId }: Stay,
  { start, end }: Span,
  keptUntil = -Infinity,
): Stretch {
  return { tenantId, seriesId, placementId, start, end, keptUntil: Math.max(start, keptUntil) };
}

/** Two changes of one counter may touch the same day: both have reckoned it from the same readings. */
function withoutRepeats(periods: (OfSeries & Period)[]): (OfSeries & Period)[] {
  const key = (period: OfSeries & Period) =>
    `${seriesOf(period)} ${period.placementId} ${period.resolution} ${period.start}`;
  return [...new Map(periods.map((period) => [key(period), period])).values()];
}
