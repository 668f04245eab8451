import { delay } from "@std/async";
import { numberOption, readable, report } from "./report.ts";

const ROOT = `${import.meta.dirname}/../..`;

/**
 * The demo as its user starts it: seconds to the first plot at the first and the second start, and the resident memory of
 * gateway and server after `--minutes=N` (default 1), against a Deno that does nothing. Linux: reads /proc.
 */
export async function benchDemo(options: string[]): Promise<void> {
  const minutes = numberOption(options, "minutes", 1);
  const data = `data/bench-${Deno.pid}`;
  try {
    {
      const start = performance.now();
      await using demo = startDemo(data);
      await firstPlot(await demo.page);
      report("first start: seconds to the first plot", seconds(start));
      await delay(15_000); // something to continue with
    }
    const start = performance.now();
    await using demo = startDemo(data);
    const page = await demo.page;
    report("second start: seconds to the line that names the page", seconds(start));
    await firstPlot(page);
    report("second start: seconds to the first plot", seconds(start));
    await delay(minutes * 60_000);
    const floor = await idleDeno();
    report("baseline: a Deno that only waits, resident MiB", readable(floor));
    for (const name of ["gateway", "server"]) {
      const mebibytes = residentMebibytes(pidOf(`${name}/main.ts`, data));
      report(
        `${name} after ${minutes} min, resident MiB (ratio)`,
        `${readable(mebibytes)} (${readable(mebibytes / floor)})`,
      );
    }
  } finally {
    await Deno.remove(`${ROOT}/${data}`, { recursive: true });
  }
}

function startDemo(data: string): { page: Promise<string> } & AsyncDisposable {
  const ports = ["--http-port", "--mqtt-port", "--mbus-port"].flatMap((name) => [name, "0"]);
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-q", "--no-prompt", "-P=demo", "main.ts", "demo", "--data", `./${data}`, ...ports],
    cwd: ROOT,
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const page = Promise.withResolvers<string>();
  const said = (async () => {
    let text = "";
    for await (const part of child.stdout.pipeThrough(new TextDecoderStream())) {
      text += part;
      const url = /The page: (\S+)\n/.exec(text)?.[1];
      if (url !== undefined) page.resolve(url);
    }
    page.reject(new Error("Cannot bench: the demo ended before its page stood"));
  })();
  return {
    page: page.promise,
    async [Symbol.asyncDispose]() {
      child.kill("SIGINT");
      await child.status;
      await said;
    },
  };
}

/** Waits until the page draws a line: two readings of a meter. */
async function firstPlot(page: string) {
  while (!/<svg[^>]*class="plot[\s\S]*?<path[^>]*d="M[^"]*L/.test(await (await fetch(page)).text())) await delay(50);
}

async function idleDeno(): Promise<number> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["eval", "-q", "setInterval(() => {}, 1000)"],
    stdin: "null",
    stdout: "null",
  }).spawn();
  await delay(1000);
  const mebibytes = residentMebibytes(child.pid);
  child.kill("SIGTERM");
  await child.status;
  return mebibytes;
}

function pidOf(...parts: string[]): number {
  for (const { name } of Deno.readDirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const words = readOr(`/proc/${name}/cmdline`, "");
    if (parts.every((part) => words.includes(part)) && !words.includes("main.ts\0demo")) return Number(name);
  }
  throw new Error(`Cannot bench: no process runs ${parts.join(" ")}`);
}

function residentMebibytes(pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(readOr(`/proc/${pid}/status`, ""))?.[1]) / 1024;
}

function readOr(path: string, otherwise: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return otherwise; // it ended meanwhile
  }
}

function seconds(start: number): string {
  return readable((performance.now() - start) / 1000);
}
