import { deadline } from "@std/async";
import { createLog, describeError, EXIT, exitCodeOf, httpClient } from "@mbus-gateway/resource";
import { type DemoArguments, parseDemoArguments, USAGE } from "./arguments.ts";
import { gatewayConfig, METERS } from "./gateway_config.ts";
import { type Interruption, interruption } from "./interruption.ts";
import { type DemoPlaces, makePlaces } from "./places.ts";
import { type DemoPorts, findPorts } from "./ports.ts";
import { type RunningProgram, startProgram, wordsOf } from "./program.ts";
import { registerGateway } from "./register_gateway.ts";

/** A first start fetches nothing, but PGlite makes its database. */
const READY_MS = 120_000;

/**
 * The whole product on one machine, each part the real program in a process of its own: simulated meters, the server
 * with its embedded broker and database, the gateway. Ends at Ctrl-C, in reverse order.
 *
 * @returns the exit code: 0 after Ctrl-C, 1 when a program died by itself or a port is taken, 13 where a right is missing.
 * @throws {UsageError} for a wrong command line.
 */
export async function demo(args: string[]): Promise<number> {
  const options = parseDemoArguments(args);
  if (options === null) {
    console.log(USAGE);
    return EXIT.ok;
  }
  using interrupted = interruption();
  try {
    await runDemo(options, interrupted);
    return EXIT.ok;
  } catch (thrown) {
    if (interrupted.end.aborted && thrown === interrupted.end.reason) return EXIT.ok;
    createLog({ fields: { program: "demo" } }).error(describeError(thrown));
    return exitCodeOf(thrown);
  }
}

async function runDemo(options: DemoArguments, interrupted: Interruption): Promise<void> {
  const ports = findPorts(options);
  const places = await makePlaces(options.data);
  const programs: RunningProgram[] = [];
  const ended = Promise.withResolvers<never>();
  ended.promise.catch(() => {}); // it is raced with everything below
  interrupted.end.addEventListener("abort", () => ended.reject(interrupted.end.reason), { once: true });
  using _impatience = killAtOnce(programs, interrupted.now);

  await using stack = new AsyncDisposableStack();
  const start = (program: { name: string; args: string[]; env?: Record<string, string>; graceMs: number }) => {
    interrupted.end.throwIfAborted();
    const running = stack.use(startProgram({ ...program, verbose: options.verbose }));
    programs.push(running);
    running.died.then(ended.reject);
    return running;
  };
  const ready = (running: RunningProgram) => deadline(Promise.race([running.ready, ended.promise]), READY_MS);

  await ready(start(simulator(ports, places)));
  const { url } = await ready(start(await server(ports, places)));
  if (typeof url !== "string") throw new Error("Cannot start demo: the server does not say where its page is");
  {
    await using http = httpClient();
    await Promise.race([registerGateway(http, url, places), ended.promise]);
  }
  start(await gateway(ports, places));
  console.log(`The page: ${url}`);
  await ended.promise;
}

function simulator(ports: DemoPorts, { simulator: folder, ledger, simulatorState }: DemoPlaces) {
  const rights = [`--allow-net=127.0.0.1:${ports.mbus}`, `--allow-read=${folder}`, `--allow-write=${folder}`];
  const options = { port: ports.mbus, ledger, state: simulatorState, meters: METERS };
  const words = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]);
  return {
    name: "simulator",
    args: [...rights, "tests/simulator/main.ts", ...words, "--ignore-sigint"],
    graceMs: 3_000,
  };
}

async function server(ports: DemoPorts, places: DemoPlaces) {
  const env = {
    HTTP_HOST: "127.0.0.1",
    HTTP_PORT: String(ports.http),
    MQTT_PORT: String(ports.mqtt),
    DATA_DIR: places.server,
  };
  const flags = await wordsOf("server", ["-P=flags", "main.ts", "flags", "server"], env);
  const args = ["-P=server", ...flags, "server/main.ts", "serve", "--demo-sign-in", "--ignore-sigint"];
  return { name: "server", args, env, graceMs: 10_000 };
}

async function gateway(ports: DemoPorts, places: DemoPlaces) {
  await Deno.writeTextFile(places.gatewayConfig, gatewayConfig(ports, places));
  const env = { MBUS_GW_CONFIG: places.gatewayConfig };
  const flags = await wordsOf("gateway", ["-P=flags", "main.ts", "flags", "gateway"], env);
  return {
    name: "gateway",
    args: ["-P=gateway", ...flags, "gateway/main.ts", "run", "--ignore-sigint"],
    env,
    graceMs: 10_000,
  };
}

/** The user has no patience left: what still runs is killed, the disposals then find it gone. */
function killAtOnce(programs: readonly RunningProgram[], now: AbortSignal): Disposable {
  const kill = () => {
    for (const { pid, gone } of programs) {
      if (!gone()) killProcess(pid);
    }
  };
  now.addEventListener("abort", kill, { once: true });
  return { [Symbol.dispose]: () => now.removeEventListener("abort", kill) };
}

function killProcess(pid: number) {
  try {
    Deno.kill(pid, "SIGKILL");
  } catch (error) {
    // It ended in between.
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
