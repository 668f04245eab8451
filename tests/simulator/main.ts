import { createLog } from "../../shared/resource/log.ts";
import { EXIT, runProgram } from "../../shared/resource/program.ts";
import { parseSimulatorArguments, USAGE } from "./arguments.ts";
import { simulateBus } from "./simulate_bus.ts";

/**
 * The simulator as a program: prints `{"ready":true,"port":N}` once it listens, and ends at SIGTERM. A parent that
 * gets a Ctrl-C of its own decides what ends when, so SIGINT is left to it when there is no terminal.
 */
export async function simulate(args: readonly string[]): Promise<number> {
  const log = createLog({ fields: { program: "simulator" } });
  const signals: Deno.Signal[] = Deno.stdin.isTerminal() ? ["SIGTERM", "SIGINT"] : ["SIGTERM"];
  return await runProgram(async (signal) => {
    const options = parseSimulatorArguments(args);
    if (options === null) return console.log(USAGE);
    await using bus = simulateBus(options);
    console.log(JSON.stringify({ ready: true, port: bus.port }));
    const stopped = Promise.withResolvers<null>();
    signal.addEventListener("abort", () => stopped.resolve(null), { once: true });
    const failure = await Promise.race([bus.failed, stopped.promise]);
    if (failure !== null) throw failure;
  }, { log, signals });
}

if (import.meta.main) {
  const code = await simulate(Deno.args);
  if (code !== EXIT.ok) Deno.exit(code);
}
