/**
 * The long forms of what the tests show in short.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { createLog, describeError, EXIT, exitCodeOf, runProgram, UsageError } from "@mbus-gateway/resource";
import { CHAPTERS } from "./chapters.ts";

const USAGE = `Shows at full length, with simulated time where days are meant, what the tests show in short.

  [CHAPTER…]   which of these; all of them when none is named
${Object.entries(CHAPTERS).map(([name, { about }]) => `    ${name.padEnd(28)}${about}`).join("\n")}
  --seed N     other random numbers (1)
  --help       this text`;

async function soak(args: string[]): Promise<number> {
  const log = createLog({ fields: { program: "soak" } });
  const options = optionsOf(args);
  if (options === null) {
    console.log(USAGE);
    return EXIT.ok;
  }
  let failures = 0;
  const code = await runProgram(async (signal) => {
    for (const [name, chapter] of options.chapters) {
      signal.throwIfAborted();
      log.info(`${name}: ${chapter.about}`);
      const start = performance.now();
      const result = await chapter.run({ seed: options.seed, signal });
      const seconds = Math.round((performance.now() - start) / 1000);
      if (result === null) log.warn(`${name}: left out, this machine does not allow it`);
      else console.log(JSON.stringify({ chapter: name, ok: result.ok, seconds, ...result.figures }));
      if (result?.ok === false) failures++;
    }
  }, { log });
  return code === EXIT.ok && failures > 0 ? EXIT.failure : code;
}

function optionsOf(args: string[]) {
  let parsed;
  try {
    const options = { seed: { type: "string", default: "1" }, help: { type: "boolean", default: false } } as const;
    parsed = parseArgs({ args, options, allowPositionals: true });
  } catch (cause) {
    throw new UsageError(`Cannot run soak: ${(cause as Error).message}`, { cause });
  }
  const { values, positionals } = parsed;
  if (values.help) return null;
  const seed = Number(values.seed);
  if (!Number.isSafeInteger(seed) || seed < 0) {
    throw new UsageError(`Cannot run soak: --seed is "${values.seed}", expected a whole number`);
  }
  const names = positionals.length === 0 ? Object.keys(CHAPTERS) : positionals;
  const chapters = names.map((name) => {
    const chapter = Object.hasOwn(CHAPTERS, name) ? CHAPTERS[name] : undefined;
    if (chapter !== undefined) return [name, chapter] as const;
    throw new UsageError(
      `Cannot run soak: there is no chapter "${name}"; there are ${Object.keys(CHAPTERS).join(", ")}`,
    );
  });
  return { seed, chapters };
}

if (import.meta.main) {
  try {
    Deno.exit(await soak(Deno.args));
  } catch (thrown) {
    console.error(describeError(thrown));
    Deno.exit(exitCodeOf(thrown));
  }
}
