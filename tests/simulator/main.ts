import { createLog } from "../../shared/resource/log.ts";
import { EXIT, runProgram, UsageError } from "../../shared/resource/program.ts";
import { parseSimulatorArguments, USAGE } from "./arguments.ts";
import { simulateBus } from "./simulate_bus.ts";

/**
 * The simulator as a program: prints `{"ready":true,"port":N}` once it listens, and ends at SIGTERM or SIGINT.
 *
 * @returns the exit code; what went wrong has been said on standard error.
 */
export async function simulate(args: readonly string[]): Promise<number> {
  if (args.includes("--wireless")) return await (await import("./radio/main.ts")).simulateWireless(args);
  const log = createLog({ fields: { program: "simulator" } });
  let options;
  try {
    options = parseSimulatorArguments(args);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    log.error(error.message);
    return EXIT.usage;
  }
  if (options === null) {
    console.log(USAGE);
    return EXIT.ok;
  }
  const { ignoreSigint, ...bus } = options;
  const signals: Deno.Signal[] = ignoreSigint ? ["SIGTERM"] : ["SIGTERM", "SIGINT"];
  return await runProgram(async (signal) => {
    await using simulated = simulateBus(bus);
    console.log(JSON.stringify({ ready: true, port: simulated.port }));
    const stopped = Promise.withResolvers<null>();
    signal.addEventListener("abort", () => stopped.resolve(null), { once: true });
    const failure = await Promise.race([simulated.failed, stopped.promise]);
    if (failure !== null) throw failure;
  }, { log, signals });
}

if (import.meta.main) {
  const code = await simulate(Deno.args);
  if (code !== EXIT.ok) Deno.exit(code);
}
