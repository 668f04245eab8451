import { compare } from "./amount.ts";
import type { Knot } from "./step.ts";

/** So many suspect readings in a row are errors at most; a counter that shows more of them means it. */
const MOST_ERRORS = 4;

/** How many readings on either side tell what becomes of one: the suspect ones beside it and the first that is none. */
export const LOOK = MOST_ERRORS + 1;

/**
 * Takes error readings out of a counter's course. A reading is suspect where the gateway noted a jump; it is an error where
 * the counter went on as if it had never been: the first reading behind the suspect ones is not below the last good one,
 * and the suspect one is not between the two. So a spike goes, and a reset or a leap that lasts stays. The newest reading
 * of all, if it is suspect, waits for the next.
 *
 * @param knots by time. In the result what follows an error has `afterError`.
 */
export function withoutErrors(knots: readonly Knot[]): Knot[] {
  const errors = errorsAmong(knots);
  if (errors.size === 0) return [...knots];
  return knots.flatMap((knot, index) => {
    if (errors.has(index)) return [];
    return [errors.has(index - 1) && !knot.fresh ? { ...knot, afterError: true } : knot];
  });
}

/** Their indexes. */
function errorsAmong(knots: readonly Knot[]): Set<number> {
  const errors = new Set<number>();
  let good: Knot | undefined;
  for (const [index, knot] of knots.entries()) {
    if (knot.suspect && good !== undefined && isError(knots, index, good)) errors.add(index);
    else good = knot;
  }
  return errors;
}

function isError(knots: readonly Knot[], index: number, good: Knot): boolean {
  let [first, behind] = [index, index];
  while (knots[first - 1]?.suspect) first--;
  while (knots[behind]?.suspect) behind++;
  if (behind - first > MOST_ERRORS) return false;
  const isLast = knots[behind] === undefined || knots[behind]?.fresh === true; // another counter bears nothing out
  if (isLast && index === behind - 1) return true;
  const [{ value }, next] = [knots[index] as Knot, knots[isLast ? behind - 1 : behind] as Knot];
  if (compare(good.value, next.value) > 0) return false;
  return compare(value, good.value) < 0 || compare(value, next.value) > 0;
}
