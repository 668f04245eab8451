/**
 * The long form of the kill test: kills the programs, the broker and the database as often as asked, and then makes the
 * honest comparison.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { createLog, describeError, EXIT, exitCodeOf, runProgram, UsageError } from "@mbus-gateway/resource";
import { drain, killRound } from "../e2e/kills.ts";
import { site } from "../fixtures/site.ts";
import { hasRealPlatform } from "../fixtures/site_platform.ts";

const USAGE = `Kills gateway, server, broker and database at random moments and compares what they hold with the ledger.

  --kills N    how many kills (100)
  --seed N     other victims and pauses (1)
  --meters N   how many meters, read each second (12)
  --embedded   on the server's embedded broker and database, also where the real ones are installed
  --help       this text`;

async function chaos(args: string[]): Promise<number> {
  const log = createLog({ fields: { program: "chaos" } });
  const options = optionsOf(args);
  if (options === null) {
    console.log(USAGE);
    return EXIT.ok;
  }
  let agrees = false;
  const code = await runProgram(async (signal) => {
    const real = !options.embedded && hasRealPlatform();
    await using place = await site({ real, meters: options.meters });
    const onKill = (kill: number, victim: string) => log.info(`Kill ${kill} of ${options.kills}`, { victim });
    const killed = await killRound(place, { ...options, onKill, signal });
    const codes = await drain(place);
    const comparison = await place.compare({ kills: killed.gateway });
    agrees = comparison.ok && codes.every((code) => code === EXIT.ok);
    if (!agrees) console.error(place.log());
    console.log(JSON.stringify({ ...options, real, killed, codes, ...comparison }, null, 2));
  }, { log });
  return code === EXIT.ok && !agrees ? EXIT.failure : code;
}

function optionsOf(args: string[]) {
  const text = (value: string) => ({ type: "string", default: value }) as const;
  const flag = { type: "boolean", default: false } as const;
  let values;
  try {
    const options = { kills: text("100"), seed: text("1"), meters: text("12"), embedded: flag, help: flag };
    values = parseArgs({ args, options }).values;
  } catch (cause) {
    throw new UsageError(`Cannot run chaos: ${(cause as Error).message}`, { cause });
  }
  if (values.help) return null;
  return {
    kills: wholeNumber("--kills", values.kills, 1_000_000),
    seed: wholeNumber("--seed", values.seed, 1_000_000),
    meters: wholeNumber("--meters", values.meters, 250),
    embedded: values.embedded,
  };
}

function wholeNumber(name: string, text: string, highest: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= 1 && value <= highest) return value;
  throw new UsageError(`Cannot run chaos: ${name} is "${text}", expected a whole number from 1 to ${highest}`);
}

if (import.meta.main) {
  try {
    Deno.exit(await chaos(Deno.args));
  } catch (thrown) {
    console.error(describeError(thrown));
    Deno.exit(exitCodeOf(thrown));
  }
}
