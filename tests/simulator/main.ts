import { createLog } from "../../shared/resource/log.ts";
import { EXIT, runProgram, UsageError } from "../../shared/resource/program.ts";
import { parseSimulatorArguments, type SimulatorArguments, USAGE } from "./arguments.ts";
import { seededFaults } from "./faults.ts";
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
  const { ignoreSigint, ...line } = options;
  const signals: Deno.Signal[] = ignoreSigint ? ["SIGTERM"] : ["SIGTERM", "SIGINT"];
  return await runProgram((signal) => simulateLine(line, signal), { log, signals });
}

async function simulateLine(
  { faults, delayMs, hangMs, slow, pty, link, replugMs, ...bus }: Omit<SimulatorArguments, "ignoreSigint">,
  signal: AbortSignal,
) {
  await using simulated = simulateBus({
    ...bus,
    faults: Object.keys(faults).length === 0 ? undefined : seededFaults(bus.seed, faults, { delayMs, hangMs }),
    manners: (index) => index < slow.meters ? { thinkMs: slow.ms } : {},
  });
  const { port } = simulated;
  const say = (line: object) => console.log(JSON.stringify(line));
  const stopped = Promise.withResolvers<void>();
  signal.addEventListener("abort", () => stopped.resolve(), { once: true });
  const failed = simulated.failed.then((error) => Promise.reject(error));
  if (!pty) {
    say({ ready: true, port });
    return await Promise.race([failed, stopped.promise]);
  }
  // Loads libc: only who wants a pseudo-terminal needs the right to it.
  const { servePty } = await import("./pty_line.ts");
  let ready = false;
  const onPlugged = (path: string) => {
    say(ready ? { pty: path } : { ready: true, port, pty: path });
    ready = true;
  };
  await Promise.race([failed, servePty(simulated, { link, replugMs, onPlugged, signal })]);
}

if (import.meta.main) {
  const code = await simulate(Deno.args);
  if (code !== EXIT.ok) Deno.exit(code);
}
