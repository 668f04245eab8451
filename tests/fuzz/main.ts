/**
 * `deno task fuzz [--count=N] [--seed=N]`: a million random and mutated telegrams, wired and wireless, each of which must
 * end in a telegram or in a TelegramError with an offset; the work is linear in their length, and memory does not grow.
 *
 * @module
 */
import { fuzz } from "./fuzz.ts";

/** More reads of each byte than this would no longer be a few passes over a telegram. */
export const MOST_READS = 20;
const MOST_GROWTH_MB = 8;

declare const gc: (() => void) | undefined;

function option(name: string, fallback: number): number {
  const word = Deno.args.find((argument) => argument.startsWith(`--${name}=`));
  return word === undefined ? fallback : Number(word.slice(name.length + 3));
}

/** What is still held after everything that can be let go of has been. */
function heldMb(): number {
  gc?.();
  return Deno.memoryUsage().heapUsed / 2 ** 20;
}

if (import.meta.main) {
  const count = option("count", 1_000_000);
  const seed = option("seed", Date.now() % 2 ** 32);
  const held: number[] = [];
  const start = performance.now();
  const result = fuzz(count, seed, (done) => {
    if (done % 100_000 !== 0) return;
    held.push(heldMb());
    console.log(`${done} telegrams, ${held.at(-1)?.toFixed(1)} MB held`);
  });
  const seconds = (performance.now() - start) / 1000;
  console.log(`seed ${seed}: ${count} telegrams in ${seconds.toFixed(0)} s, ${result.decoded} decoded`);
  for (const [code, times] of result.refused) console.log(`  refused ${times} ${code}`);
  console.log(`  at most ${result.mostReads.toFixed(1)} reads of each byte`);
  if (result.mostReads > MOST_READS) throw new Error(`Cannot be linear: ${result.mostReads} reads of each byte`);
  const growth = (held.at(-1) ?? 0) - (held[0] ?? 0);
  if (growth > MOST_GROWTH_MB) throw new Error(`Cannot be flat: ${growth.toFixed(1)} MB more are held than at first`);
}
