import { add, type Amount, compare, powerOfTen, subtract, times, ZERO } from "./amount.ts";

/** A counter's value at an instant. */
export interface Knot {
  /** Milliseconds since 1970, UTC. */
  time: number;
  value: Amount;
  /** Another counter begins here: what lies between this value and the one before was not consumed. */
  fresh?: boolean;
  /** The gateway noted that a counter of this readout jumped. */
  suspect?: boolean;
  /** What the meter said just before was taken for an error. */
  afterError?: boolean;
}

/** A counter's dial. */
export interface Register {
  /** The last digit's power of ten in the series' unit; null where there is no dial: floating point numbers. */
  exponent: number | null;
  /** How many digits the dial has, where the telegram says so. */
  digits: number | null;
}

/** What happened between two readings, where it was not plain counting up. */
export type StepFlag = "rollover" | "reset" | "backwards" | "exchange" | "error_reading";

/** What was consumed between two neighbouring readings. */
export interface Step {
  amount: Amount;
  flag: StepFlag | null;
}

/** The shortest dial that is guessed where a telegram does not say how long it is: no meter of a building has less. */
const SHORTEST_DIAL = 5;

/**
 * What a counter consumed from one reading to the next.
 *
 * A counter that fell has rolled over where it stood in the last tenth of its dial and stands in the first now; else,
 * below nine tenths of its last value it was reset and has counted from zero; and if it fell by less it ran backwards,
 * which is consumed back.
 */
export function stepBetween(before: Knot, after: Knot, register: Register): Step {
  if (after.fresh) return { amount: ZERO, flag: "exchange" };
  const difference = subtract(after.value, before.value);
  if (difference.digits >= 0n) return { amount: difference, flag: after.afterError ? "error_reading" : null };
  const capacity = rolledOver(before.value, after.value, register);
  if (capacity !== null) return { amount: add(difference, capacity), flag: "rollover" };
  // after < 0.9 × before; below zero it counts what flows back, and was never reset
  const wasReset = after.value.digits >= 0n && compare(times(after.value, 10n), times(before.value, 9n)) < 0;
  return wasReset ? { amount: after.value, flag: "reset" } : { amount: difference, flag: "backwards" };
}

/** What the dial holds in all, where the counter went over its end; else null. */
function rolledOver(before: Amount, after: Amount, { exponent, digits }: Register): Amount | null {
  if (exponent === null || after.digits < 0n) return null;
  const capacity = digits === null || !inLastTenth(before, powerOfTen(digits + exponent))
    ? guessedCapacity(before, exponent, digits)
    : powerOfTen(digits + exponent);
  return capacity !== null && compare(times(after, 10n), capacity) <= 0 ? capacity : null;
}

/** A dial may be shorter than the field it is sent in: the power of ten that the counter was about to reach. */
function guessedCapacity(before: Amount, exponent: number, longest: number | null): Amount | null {
  for (let length = SHORTEST_DIAL; length <= (longest ?? 18); length++) {
    const capacity = powerOfTen(length + exponent);
    if (inLastTenth(before, capacity)) return capacity;
    if (compare(before, capacity) < 0) return null;
  }
  return null;
}

function inLastTenth(value: Amount, capacity: Amount): boolean {
  return compare(value, capacity) < 0 && compare(times(value, 10n), times(capacity, 9n)) >= 0;
}
