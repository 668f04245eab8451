/** Inclusive ranges of sequence numbers, ascending, without overlap: `[[1, 17], [19, 19]]`. */
export type Ranges = readonly (readonly [first: number, last: number])[];

/**
 * The shortest ranges that hold exactly these numbers, whatever their order.
 *
 * @example
 * ```ts
 * import { toRanges } from "@mbus-gateway/wire";
 * toRanges([3, 1, 2, 7]); // [[1, 3], [7, 7]]
 * ```
 */
export function toRanges(sequences: Iterable<number>): [number, number][] {
  const ranges: [number, number][] = [];
  for (const sequence of [...sequences].sort((a, b) => a - b)) {
    const last = ranges.at(-1);
    if (last !== undefined && sequence <= last[1] + 1) last[1] = Math.max(last[1], sequence);
    else ranges.push([sequence, sequence]);
  }
  return ranges;
}

/** Whether one of the ranges holds the number. */
export function inRanges(ranges: Ranges, sequence: number): boolean {
  return ranges.some(([first, last]) => first <= sequence && sequence <= last);
}
