/** Does one job after the other. */
export type InTurn = <T>(job: (outOfTurn: OutOfTurn) => Promise<T>) => Promise<T>;

/** Lets the others have their turns in the middle of a job, until `meanwhile` has ended and the turn has come again. */
export type OutOfTurn = (meanwhile: () => Promise<void>) => Promise<void>;

/**
 * Turns that are taken in the order in which they were asked for.
 *
 * @example
 * ```ts
 * import { takingTurns } from "./taking_turns.ts";
 * const inTurn = takingTurns();
 * const said: string[] = [];
 * await Promise.all([
 *   inTurn(async (outOfTurn) => {
 *     said.push("a");
 *     await outOfTurn(() => Promise.resolve());
 *     said.push("c");
 *   }),
 *   inTurn(() => Promise.resolve(said.push("b"))),
 * ]);
 * said; // ["a", "b", "c"]
 * ```
 */
export function takingTurns(): InTurn {
  let last: Promise<void> = Promise.resolve();
  /** @returns what ends the turn. */
  async function turn(): Promise<() => void> {
    const before = last;
    const { promise, resolve } = Promise.withResolvers<void>();
    last = promise;
    await before;
    return resolve;
  }
  return async (job) => {
    let end = await turn();
    try {
      return await job(async (meanwhile) => {
        end();
        try {
          await meanwhile();
        } finally {
          end = await turn();
        }
      });
    } finally {
      end();
    }
  };
}
