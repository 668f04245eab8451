import { add, type Amount, share, subtract, ZERO } from "./amount.ts";
import { type Knot, type Register, stepBetween, type StepFlag } from "./step.ts";

/** What was consumed between two instants. */
export interface Portion {
  amount: Amount;
  /** Milliseconds between the readings around each edge; 0 where one is at the edge or the readings end before it. */
  startGap: number;
  endGap: number;
  /** The readings do not reach from edge to edge. */
  partial: boolean;
  /** What happened until the readings within. */
  flags: StepFlag[];
}

/**
 * A counter's course through its readings: between two of them it is taken to have run evenly. What it consumed until an
 * instant is rounded once for that instant, so that the portions of a span add up to the span's own exactly.
 */
export interface Course {
  /** Null where the readings have nothing to say about it. */
  between(start: number, end: number): Portion | null;
}

/** @param knots by time; of two at one instant the second counts from there on. */
export function courseOf(knots: readonly Knot[], register: Register): Course {
  const totals: Amount[] = [];
  const steps = knots.slice(1).map((knot, index) => stepBetween(knots[index] as Knot, knot, register));
  let total = ZERO;
  for (const index of knots.keys()) {
    if (index > 0) total = add(total, steps[index - 1]?.amount ?? ZERO);
    totals.push(total);
  }
  const first = knots[0]?.time ?? Infinity;
  const last = knots.at(-1)?.time ?? -Infinity;

  function at(instant: number): { total: Amount; gap: number } {
    const index = lastUntil(knots, instant);
    const [before, after] = [knots[index], knots[index + 1]];
    const total = totals[index] ?? ZERO;
    const step = steps[index];
    if (before === undefined || after === undefined || step === undefined || before.time === instant) {
      return { total, gap: 0 };
    }
    const gap = after.time - before.time;
    return { total: add(total, share(step.amount, instant - before.time, gap)), gap };
  }

  return {
    between(start, end) {
      if (end <= first || start >= last || first === last) return null;
      const [from, to] = [at(start), at(end)];
      const flags = new Set<StepFlag>();
      // A step is told where its later reading lies; the start's own belongs to the portion before.
      for (let index = lastUntil(knots, start) + 1; index < knots.length; index++) {
        if ((knots[index] as Knot).time > end) break;
        const flag = steps[index - 1]?.flag;
        if (flag) flags.add(flag);
      }
      return {
        amount: subtract(to.total, from.total),
        startGap: from.gap,
        endGap: to.gap,
        partial: start < first || end > last,
        flags: [...flags].sort(),
      };
    },
  };
}

/** The index of the last knot at or before an instant; -1 where there is none. */
function lastUntil(knots: readonly Knot[], instant: number): number {
  let [low, high] = [0, knots.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((knots[middle] as Knot).time <= instant) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
