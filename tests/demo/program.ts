import { resolve } from "node:path";
import { type ChildProcess, childProcess } from "@mbus-gateway/resource";

/** What the demo starts: this very deno, with the rights that the program says it needs. */
export interface ProgramToStart {
  /** How it is called in messages. */
  name: string;
  /** What follows `deno run -q --no-prompt`: permissions, the entry, its arguments. */
  args: string[];
  env?: Record<string, string>;
  /** From SIGTERM to SIGKILL. */
  graceMs: number;
  /** Shows all that it writes, not only warnings and errors. */
  verbose: boolean;
  /** Where its lines go; standard error by default. */
  show?: (line: string) => void;
}

/** A program that runs. */
export interface RunningProgram extends AsyncDisposable {
  readonly pid: number;
  /** Its process has ended, so its id may be another's by now. */
  gone(): boolean;
  /** The object of its line `{"ready":true,…}`; rejects when the program ends before. */
  readonly ready: Promise<Record<string, unknown>>;
  /** Settles with the reason when the program ends without having been asked to. */
  readonly died: Promise<Error>;
}

/** The project's folder: programs are started there. */
const PROJECT = resolve(import.meta.dirname ?? ".", "../..");

/** What a program needs of the environment to find this user's deno cache; nothing else reaches it. */
const PASSED_ON = ["PATH", "HOME", "DENO_DIR", "XDG_CACHE_HOME", "TMPDIR", "NO_COLOR"];

/** Starts a program. The caller disposes of it. */
export function startProgram(
  { name, args, env, graceMs, verbose, show = console.error }: ProgramToStart,
): RunningProgram {
  const ready = Promise.withResolvers<Record<string, unknown>>();
  const died = Promise.withResolvers<Error>();
  let lastWords = "";
  let asked = false;
  let gone = false;
  const child = childProcess(Deno.execPath(), {
    args: ["run", "-q", "--no-prompt", ...args],
    env: { ...environment(), ...env },
    clearEnv: true,
    cwd: PROJECT,
    graceMs,
    onStdout(line) {
      const found = readyLine(line);
      if (found !== null) ready.resolve(found);
      else if (verbose) show(`${name}: ${line}`);
    },
    onStderr(line) {
      if (line.trim() !== "") lastWords = line.replace(LOG_PREFIX, "");
      if (verbose || isWorthSeeing(line)) show(`${name}: ${line}`);
    },
  });
  child.status.then(({ code, signal }) => {
    gone = true;
    const how = signal === null ? `with code ${code}` : `by ${signal}`;
    const error = new Error(`Cannot go on: the ${name} ended ${how}${lastWords === "" ? "" : `: ${lastWords}`}`);
    ready.reject(error);
    if (!asked) died.resolve(error);
  });
  ready.promise.catch(() => {}); // who does not wait for it hears of it by `died`
  return {
    pid: child.pid,
    gone: () => gone,
    ready: ready.promise,
    died: died.promise,
    [Symbol.asyncDispose]: () => {
      asked = true;
      return child[Symbol.asyncDispose]();
    },
  };
}

/** Runs a program to its end. @returns the words that it printed. @throws {Error} with its last line when it failed. */
export async function wordsOf(name: string, args: string[], env: Record<string, string>): Promise<string[]> {
  const lines: string[] = [];
  const errors: string[] = [];
  await using child: ChildProcess = childProcess(Deno.execPath(), {
    args: ["run", "-q", "--no-prompt", ...args],
    env: { ...environment(), ...env },
    clearEnv: true,
    cwd: PROJECT,
    onStdout: (line) => void lines.push(line),
    onStderr: (line) => void errors.push(line),
  });
  const { success, code } = await child.status;
  if (!success) {
    throw new Error(
      `Cannot start ${name}: ${
        errors.map((line) => line.replace(LOG_PREFIX, "")).join(" ").trim() || `it ended with code ${code}`
      }`,
    );
  }
  return lines.join(" ").split(/\s+/).filter((word) => word !== "");
}

function environment(): Record<string, string> {
  return Object.fromEntries(
    PASSED_ON.map((name) => [name, Deno.env.get(name) ?? ""]).filter(([, value]) => value !== ""),
  );
}

function readyLine(line: string): Record<string, unknown> | null {
  if (!line.startsWith("{")) return null;
  try {
    const object = JSON.parse(line) as Record<string, unknown>;
    return object.ready === true ? object : null;
  } catch {
    return null;
  }
}

/** Our programs' logs begin with a time and a level; what does not look so (a crash) is always shown. */
const LOG_PREFIX = /^\d{4}-\d\d-\d\dT\S+Z (debug|info|warn|error) +/;

function isWorthSeeing(line: string): boolean {
  const level = LOG_PREFIX.exec(line)?.[1];
  return line.trim() !== "" && level !== "debug" && level !== "info";
}
