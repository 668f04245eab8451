import { describeError } from "./describe_error.ts";
import type { Log } from "./log.ts";

/** Exit codes that scripts and systemd can use. */
export const EXIT = { ok: 0, failure: 1, usage: 2, configuration: 3, device: 4, permission: 13 } as const;

/** The command line is wrong; the text says how it is right. Exit code 2. */
export class UsageError extends Error {
  override name = "UsageError";
}

/** A configuration that cannot work; the text names the key, what it is and what was expected. Exit code 3. */
export class ConfigurationError extends Error {
  override name = "ConfigurationError";
}

/** A device that cannot be used at all. Exit code 4. */
export class DeviceError extends Error {
  override name = "DeviceError";
}

/** The exit code that belongs to what ended a program. */
export function exitCodeOf(thrown: unknown): number {
  if (thrown instanceof SuppressedError) return exitCodeOf(thrown.suppressed);
  if (thrown instanceof UsageError) return EXIT.usage;
  if (thrown instanceof ConfigurationError) return EXIT.configuration;
  if (thrown instanceof DeviceError) return EXIT.device;
  if (thrown instanceof Deno.errors.NotCapable || thrown instanceof Deno.errors.PermissionDenied) {
    return EXIT.permission;
  }
  return EXIT.failure;
}

export interface ProgramOptions {
  log: Log;
  /** What ends the program in order. A child of the demo leaves SIGINT to its parent: `["SIGTERM"]`. */
  signals?: Deno.Signal[];
}

/**
 * The supervisor of a program: turns SIGTERM and SIGINT into an abort, waits for the orderly end, and turns an error
 * into one sentence and an exit code. One of the two places that catch.
 *
 * @param body runs until it is done or its signal aborts, and returns after everything is released.
 * @returns the exit code; 0 also when a signal ended it.
 */
export async function runProgram(
  body: (signal: AbortSignal) => Promise<void>,
  { log, signals = ["SIGTERM", "SIGINT"] }: ProgramOptions,
): Promise<number> {
  const controller = new AbortController();
  const stop = () => controller.abort(new DOMException("The program was asked to stop", "AbortError"));
  const ignore = () => {};
  const ignored = (["SIGINT", "SIGTERM"] as const).filter((signal) => !signals.includes(signal));
  for (const signal of signals) Deno.addSignalListener(signal, stop);
  for (const signal of ignored) Deno.addSignalListener(signal, ignore);
  try {
    await body(controller.signal);
    return EXIT.ok;
  } catch (thrown) {
    if (controller.signal.aborted && thrown === controller.signal.reason) return EXIT.ok;
    log.error(describeError(thrown));
    return exitCodeOf(thrown);
  } finally {
    for (const signal of signals) Deno.removeSignalListener(signal, stop);
    for (const signal of ignored) Deno.removeSignalListener(signal, ignore);
  }
}
