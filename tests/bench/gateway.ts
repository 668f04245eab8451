import { delay } from "@std/async";
import { SMALL_WORDS } from "../../gateway/flags.ts";
import { openSpool } from "../../gateway/spool.ts";
import { inspectSpool } from "../../gateway/spool_view.ts";
import { gatewayProcess } from "../fixtures/gateway_process.ts";
import { plainBroker } from "../fixtures/plain_broker.ts";
import { confirmingServer } from "../gateway/confirming_server.ts";
import { simulateBus } from "../simulator/mod.ts";
import { processFigures } from "./process_figures.ts";
import { numberOption, readable, report } from "./report.ts";
import { simulatedFrames } from "./simulated_frames.ts";

/**
 * The gateway as a process with its rights alone, beside a Deno of the same flags that only waits: seconds to the first
 * reading, resident memory with `--meters=250` and a spool of `--rows=200000` while it reads without a pause for
 * `--minutes=1`, and the processor's time when there is nothing to do. Linux: reads /proc.
 */
export async function benchGateway(options: string[]): Promise<void> {
  const meters = numberOption(options, "meters", 250);
  const rows = numberOption(options, "rows", 200_000);
  const minutes = numberOption(options, "minutes", 1);
  const floor = await idleDeno();
  report("floor: a Deno that only waits, resident MiB (PSS)", pair(floor.residentMiB, floor.proportionalMiB));

  {
    await using place = await placeFor(meters, { interval: "1s", rows });
    const start = performance.now();
    await using gateway = gatewayProcess(place.config);
    await firstReading(place.spool, rows);
    report("seconds to the first reading", readable((performance.now() - start) / 1_000));
    const samples: { resident: number; proportional: number }[] = [];
    for (let sample = 0; sample < minutes * 30; sample++) {
      await delay(2_000);
      const { residentMiB, proportionalMiB } = processFigures(gateway.pid);
      samples.push({ resident: residentMiB, proportional: proportionalMiB });
    }
    const taken = takenSince(place.spool, rows);
    const hours = taken / (meters * 4);
    const quarter = Math.max(1, samples.length >> 2);
    const range = (part: typeof samples) => {
      const sizes = part.map(({ resident }) => resident);
      return `${readable(Math.min(...sizes))}–${readable(Math.max(...sizes))}`; // the collector makes saw teeth
    };
    const most = Math.max(...samples.map(({ resident }) => resident));
    const mostProportional = Math.max(...samples.map(({ proportional }) => proportional));
    const work = `${meters} meters, ${rows.toLocaleString("en")} spooled`;
    report(
      `${work}: most resident MiB (PSS; ratio)`,
      `${pair(most, mostProportional)}; ${readable(most / floor.residentMiB)}`,
    );
    report(
      `${readable(hours)} hours of readings every 15 minutes: MiB in the first, last quarter`,
      `${range(samples.slice(0, quarter))}, ${range(samples.slice(-quarter))}`,
    );
  }
  {
    await using place = await placeFor(2, { interval: "15m", rows: 0 });
    await using gateway = gatewayProcess(place.config);
    await firstReading(place.spool, 0);
    await delay(10_000);
    const before = processFigures(gateway.pid).cpuSeconds;
    await delay(20_000);
    const used = processFigures(gateway.pid).cpuSeconds - before;
    report("idle: processor time, % of one core (floor)", `${readable(used / 0.2)} (${readable(floor.cpuPercent)})`);
    report("idle: resident MiB", readable(processFigures(gateway.pid).residentMiB));
  }
}

/** A bus, a broker, a server and a configuration, and a spool with something in it. */
async function placeFor(meters: number, { interval, rows }: { interval: string; rows: number }) {
  await using stack = new AsyncDisposableStack();
  const folder = await Deno.makeTempDir({ prefix: "mbus_bench_" });
  stack.defer(() => Deno.remove(folder, { recursive: true }));
  const bus = stack.use(simulateBus({ ledger: `${folder}/ledger`, meters, baudRate: 38_400 }));
  const broker = stack.use(await plainBroker());
  const server = stack.use(await confirmingServer(broker.url, "GW-0001"));
  await Deno.writeTextFile(`${folder}/token`, server.token);
  await Deno.mkdir(`${folder}/data`);
  const spool = `${folder}/data/spool.db`;
  fill(spool, rows);
  const addresses = Array.from({ length: meters }, (_, index) => `p${index + 1}`).join(", ");
  const config = `${folder}/config.yaml`;
  await Deno.writeTextFile(
    config,
    `gateway: GW-0001
dataFolder: data
mqtt: { url: "${broker.url}" }
platform: { url: "${server.url}", tokenFile: token }
buses: [{ name: main, port: "${bus.url}", baudRate: 38400, interval: ${interval}, meters: [${addresses}] }]
`,
  );
  const owned = stack.move();
  return { config, spool, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

function fill(path: string, rows: number) {
  using spool = openSpool(path);
  const frames = simulatedFrames(8);
  for (let at = 0; at < rows;) {
    const batch = Array.from({ length: Math.min(1_000, rows - at) }, (_, index) => ({
      bus: "main",
      address: `p${1 + (at + index) % 250}`,
      readAt: new Date(Date.UTC(2026, 0, 1) + (at + index) * 3_600).toISOString(),
      clock: "trusted" as const,
      frames: [frames[index % frames.length] ?? Uint8Array.of(0xe5)],
    }));
    spool.put(...batch);
    at += batch.length;
  }
}

async function firstReading(spool: string, rows: number) {
  while (takenSince(spool, rows) === 0) await delay(10);
}

/** How many numbers were given after the first `rows`: what was released meanwhile counts too. */
function takenSince(path: string, rows: number): number {
  try {
    using spool = inspectSpool(path);
    return Math.max(0, spool.newestGiven() - rows);
  } catch {
    return 0; // being made just now
  }
}

async function idleDeno() {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-q", ...SMALL_WORDS, `${import.meta.dirname}/idle.ts`],
    stdin: "null",
    stdout: "null",
  }).spawn();
  await delay(2_000);
  const before = processFigures(child.pid);
  await delay(5_000);
  const figures = processFigures(child.pid);
  child.kill("SIGTERM");
  await child.status;
  return { ...figures, cpuPercent: (figures.cpuSeconds - before.cpuSeconds) / 0.05 };
}

function pair(resident: number, proportional: number): string {
  return `${readable(resident)} (${readable(proportional)})`;
}
