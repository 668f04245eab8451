import { readLines } from "./line_reader.ts";

export interface ChildProcessOptions {
  args?: string[];
  env?: Record<string, string>;
  /** The child sees `env` alone, nothing of ours. */
  clearEnv?: boolean;
  cwd?: string;
  /** From SIGTERM to SIGKILL. Default 5 seconds. */
  graceMs?: number;
  /** Ends the child as the disposal does. */
  signal?: AbortSignal;
  /** Each line of its standard output; must not throw. */
  onStdout?: (line: string) => void;
  /** Each line of its standard error; must not throw. */
  onStderr?: (line: string) => void;
}

/** A running program. Its disposal sends SIGTERM, after the grace time SIGKILL, and waits until it is gone. */
export interface ChildProcess extends AsyncDisposable {
  readonly pid: number;
  /** Settles when the program has ended and what it wrote has been handed over; never rejects. */
  readonly status: Promise<Deno.CommandStatus>;
}

/** What a dead child's children may still hold open is not waited for longer than this. */
const DRAIN_MS = 1000;

/**
 * Starts a program without standard input. Both its outputs are read at all times, so that it never blocks on them.
 *
 * @throws when it cannot be started: "Cannot start …".
 *
 * @example
 * ```ts ignore
 * await using child = childProcess("sleep", { args: ["60"] });
 * // ended here, by SIGTERM
 * ```
 */
export function childProcess(command: string, options: ChildProcessOptions = {}): ChildProcess {
  const { args, env, clearEnv, cwd, graceMs = 5000, signal, onStdout = () => {}, onStderr = () => {} } = options;
  signal?.throwIfAborted();
  const child = spawn(command, { args, env, clearEnv, cwd });
  const outputs = [readLines(child.stdout, onStdout), readLines(child.stderr, onStderr)];
  let gone = false;

  const watch = async () => {
    const status = await child.status;
    gone = true;
    signal?.removeEventListener("abort", abort);
    const impatience = setTimeout(() => outputs.forEach((output) => output.cancel()), DRAIN_MS);
    await Promise.all(outputs.map((output) => output.done));
    clearTimeout(impatience);
    return status;
  };
  const stop = async () => {
    if (!gone) kill(child, "SIGTERM");
    const impatience = setTimeout(() => !gone && kill(child, "SIGKILL"), graceMs);
    await child.status;
    clearTimeout(impatience);
    await status;
  };
  let stopped: Promise<void> | undefined;
  const stopOnce = () => stopped ??= stop();
  const abort = () => void stopOnce();
  signal?.addEventListener("abort", abort, { once: true });
  const status = watch();
  return { pid: child.pid, status, [Symbol.asyncDispose]: stopOnce };
}

function spawn(command: string, options: Deno.CommandOptions): Deno.ChildProcess {
  try {
    return new Deno.Command(command, { ...options, stdin: "null", stdout: "piped", stderr: "piped" }).spawn();
  } catch (cause) {
    if (cause instanceof Deno.errors.NotFound) {
      throw new Error(`Cannot start ${command}: there is no such program (or folder to run it in); install it`, {
        cause,
      });
    }
    throw cause;
  }
}

function kill(child: Deno.ChildProcess, signal: Deno.Signal) {
  try {
    child.kill(signal);
  } catch (error) {
    // It ended by itself in between: Deno says so with a TypeError, the system with "no such process".
    if (!(error instanceof TypeError || error instanceof Deno.errors.NotFound)) throw error;
  }
}
