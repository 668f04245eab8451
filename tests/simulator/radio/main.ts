import { createLog } from "../../../shared/resource/log.ts";
import { EXIT, runProgram, UsageError } from "../../../shared/resource/program.ts";
import { parseWirelessArguments, WIRELESS_USAGE, type WirelessArguments } from "./arguments.ts";
import { seededRadioFaults } from "./radio_faults.ts";
import { simulateRadio } from "./simulate_radio.ts";

/** One telegram in four meets something on its way. */
const FAULTS = { lost: 0.05, repeated: 0.08, noise: 0.05, corrupt: 0.03, pieces: 0.04 };

/**
 * The wireless simulator as a program: prints `{"ready":true,"port":N}`, with a pseudo-terminal `"pty"` too, and ends
 * at SIGTERM or SIGINT.
 *
 * @returns the exit code; what went wrong has been said on standard error.
 */
export async function simulateWireless(args: readonly string[]): Promise<number> {
  const log = createLog({ fields: { program: "simulator" } });
  let options: WirelessArguments | null;
  try {
    options = parseWirelessArguments(args);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    log.error(error.message);
    return EXIT.usage;
  }
  if (options === null) {
    console.log(WIRELESS_USAGE);
    return EXIT.ok;
  }
  const { ignoreSigint, pty, faults, ...radio } = options;
  const signals: Deno.Signal[] = ignoreSigint ? ["SIGTERM"] : ["SIGTERM", "SIGINT"];
  return await runProgram(async (signal) => {
    await using simulated = simulateRadio({
      ...radio,
      faults: faults ? seededRadioFaults(radio.seed, FAULTS) : undefined,
    });
    // Only here: it loads libc.
    await using terminal = pty ? (await import("../../fixtures/pty.ts")).ptyPair() : null;
    const serving = terminal === null ? null : simulated.serve(terminal);
    console.log(JSON.stringify({ ready: true, port: simulated.port, ...(terminal && { pty: terminal.path }) }));
    const stopped = Promise.withResolvers<null>();
    signal.addEventListener("abort", () => stopped.resolve(null), { once: true });
    const failure = await Promise.race([simulated.failed, stopped.promise]);
    await terminal?.hangUp();
    await serving;
    if (failure !== null) throw failure;
  }, { log, signals });
}
