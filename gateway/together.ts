/**
 * Runs loops side by side as one: it returns when all have ended; the first that fails ends the others, and is thrown
 * after they have released what they hold.
 *
 * @param loops each gets a signal that aborts when another has failed, or `signal` does.
 *
 * @example
 * ```ts
 * import { together } from "./together.ts";
 * await together(new AbortController().signal, [
 *   () => Promise.resolve(),
 *   async () => {},
 * ]);
 * ```
 */
export async function together(
  signal: AbortSignal,
  loops: readonly ((signal: AbortSignal) => Promise<void>)[],
): Promise<void> {
  const failure = new AbortController();
  const end = AbortSignal.any([signal, failure.signal]);
  const failures: unknown[] = [];
  await Promise.all(loops.map(async (loop) => {
    try {
      await loop(end);
    } catch (thrown) {
      // That a loop ends because it was told to is no failure.
      if (end.aborted && thrown === end.reason) return;
      failures.push(thrown);
      failure.abort(thrown);
    }
  }));
  if (failures.length === 0) return;
  throw failures.reduce((first, later) => new SuppressedError(later, first, "Several loops failed"));
}
