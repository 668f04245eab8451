import type { Tx } from "../db/mod.ts";
import type { Knowledge } from "../meter_keys/knowledge.ts";
import type { Span } from "./calendar.ts";
import type { Change } from "./changes.ts";
import { correctBilled } from "./correct_billed.ts";
import { courseOf } from "./course.ts";
import { withoutErrors } from "./error_readings.ts";
import { reckonableSince } from "./reckonable.ts";
import { mergePeriods, type Period, periodsOf } from "./periods.ts";
import { loadPlaced, type Placed, placedKey, withDialReadings } from "./placed.ts";
import { readingsAround, widenToReadings } from "./readings.ts";
import { loadRegisters, seriesOf } from "./registers.ts";
import type { Knot, Register } from "./step.ts";
import {
  deleteDaysEverywhere,
  deletePeriods,
  insertPeriods,
  type Stretch,
  sumMonths,
  takeMonths,
} from "./store_periods.ts";
import { around, stretchOf, type Touched, touchedBy } from "./touched.ts";

const DAY_MS = 86_400_000;
const NO_DIAL = { exponent: null, digits: null };

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
    return { ...change, ...(change.replaced ? together(wide, around(change, 2 * DAY_MS)) : wide) };
  });
  const reckonable = await reckonableSince(tx, spans);
  const touched = changes.flatMap((change, index) => {
    const [span, since] = [spans[index] ?? change, reckonable[index] ?? -Infinity];
    return touchedBy(change, span, since, placed.get(placedKey(change))?.stays ?? []);
  });
  if (touched.length > 0) await store(tx, touched, placed, await loadRegisters(tx, changes, knowledge));
  // In periods of which nothing was touched too: they may have waited for that to be known.
  await correctBilled(tx, [...spans, ...touched.map(({ change, whole }) => ({ ...change, ...whole }))]);
}

type OfSeries = Pick<Change, "tenantId" | "seriesId">;

async function store(tx: Tx, touched: Touched[], placed: Map<string, Placed>, registers: Map<string, Register>) {
  const readings = await readingsAround(tx, touched.map(({ change, whole }) => ({ ...change, ...whole })));
  const periods = touched.flatMap(({ change, stays }, index) => {
    const { knots = [], openStart = true, openEnd = true } = readings[index] ?? {};
    const all = withDialReadings(knots, dialOf(placed, change), { openStart, openEnd });
    const course = courseOf(withoutErrors(all), registers.get(seriesOf(change)) ?? NO_DIAL);
    const { tenantId, seriesId } = change;
    const found = stays.flatMap((stay) => periodsOf(course, stay, stay.days));
    return mergePeriods(found).map((period): Period & OfSeries => ({ tenantId, seriesId, ...period }));
  });
  const months = touched.flatMap((one) => one.months);
  const replaced = touched.filter(({ change }) => change.replaced);
  const taken = await takeMonths(tx, replaced.map(({ change }) => change));
  await deleteDaysEverywhere(
    tx,
    replaced.flatMap(({ change, since }) =>
      change.end < since ? [] : [{ ...change, start: Math.max(change.start, since) }]
    ),
  );
  await deletePeriods(
    tx,
    touched.flatMap(({ change, stays, since }) =>
      stays.map((stay) => ({ ...stretchOf(change, stay, stay.days), keptUntil: Math.max(stay.days.start, since) }))
    ),
    months,
  );
  await insertPeriods(tx, withoutRepeats(periods));
  await sumMonths(tx, [...months, ...ofPlacesLeft(taken, months)]);
}

/** Months of places in which the meter is not said to have been then any more: days stay there that cannot be reckoned anew. */
function ofPlacesLeft(taken: Stretch[], months: Stretch[]): Stretch[] {
  const placeOf = (month: Stretch) => `${seriesOf(month)} ${month.placementId}`;
  const anew = Map.groupBy(months, placeOf);
  return taken.filter((month) =>
    !anew.get(placeOf(month))?.some(({ start, end }) => start < month.end && end > month.start)
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

function together(a: Span, b: Span): Span {
  return { start: Math.min(a.start, b.start), end: Math.max(a.end, b.end) };
}

/** Two changes of one counter may touch the same day: both have reckoned it from the same readings. */
function withoutRepeats(periods: (OfSeries & Period)[]): (OfSeries & Period)[] {
  const key = (period: OfSeries & Period) =>
    `${seriesOf(period)} ${period.placementId} ${period.resolution} ${period.start}`;
  return [...new Map(periods.map((period) => [key(period), period])).values()];
}
