/**
 * Smooth random movement that depends on nothing but the seed and the time: a meter asked twice about one moment gives
 * the same answer, and a restart continues where it was.
 */
export interface Noise {
  /** Between 0 and 1, changing smoothly with `periodMs`; `name` tells one stream from another. */
  at(name: string, timeMs: number, periodMs: number): number;
  /** A fixed number between 0 and 1. */
  fixed(name: string): number;
}

/** The noise of one meter. */
export function noise(seed: number): Noise {
  const fixed = (name: string) => hash(`${seed}:${name}`) / 2 ** 32;
  return {
    fixed,
    at(name, timeMs, periodMs) {
      const cell = Math.floor(timeMs / periodMs);
      const part = timeMs / periodMs - cell;
      const smooth = part * part * (3 - 2 * part);
      return fixed(`${name}:${cell}`) * (1 - smooth) + fixed(`${name}:${cell + 1}`) * smooth;
    },
  };
}

/** A sequence of numbers between 0 and 1, the same for the same seed. */
export function randomSequence(seed: number): () => number {
  let step = 0;
  return () => hash(`${seed}/${step++}`) / 2 ** 32;
}

/** FNV-1a with a final mix: neighbouring names must not give neighbouring numbers. */
function hash(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** The part of a day's use that falls on each hour, 24 numbers around 1; between hours it goes straight. */
export function dailyProfile(hours: readonly number[], timeMs: number): number {
  const hour = (timeMs / 3_600_000) % 24;
  const from = hours[Math.floor(hour)] ?? 1;
  const to = hours[(Math.floor(hour) + 1) % 24] ?? 1;
  return from + (to - from) * (hour % 1);
}
