/**
 * postgres.js 3.4.9 writes in an Immediate, `nextWrite`, which throws when the connection has ended meanwhile:
 * `TypeError: Cannot read properties of null (reading 'write')`, outside of every promise, so that the process would
 * die. Here this one error of this one callback is taken as what it is, a lost connection; everything else stays fatal.
 * (A listener for uncaught errors is not enough: two such throws in one round break Deno's queue of Immediates.)
 *
 * @module
 */
type Listener = (error: TypeError) => void;

const listeners = new Set<Listener>();
let unguarded: typeof setImmediate | undefined;

/** Calls the listener on exactly that error; returns what stops it. */
export function watchWritePath(listener: Listener): () => void {
  if (listeners.size === 0) guard();
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0 && unguarded !== undefined) globalThis.setImmediate = unguarded;
  };
}

/** Whether this is the error of the lost write path, by its message and by the frame that threw it. */
export function isWritePathError(error: unknown): error is TypeError {
  return error instanceof TypeError && error.message === "Cannot read properties of null (reading 'write')" &&
    /^\s*at (?:\w+\.)?nextWrite \(.*postgres.*\)/.test(error.stack?.split("\n")[1] ?? "");
}

function guard() {
  const original = unguarded = globalThis.setImmediate;
  const guarded = (callback: (...args: unknown[]) => void, ...args: unknown[]) =>
    original(callback.name === "nextWrite" ? guardedCallback(callback) : callback, ...args);
  globalThis.setImmediate = Object.assign(guarded, original) as typeof setImmediate;
}

function guardedCallback(callback: (...args: unknown[]) => void) {
  return (...args: unknown[]) => {
    try {
      callback(...args);
    } catch (error) {
      if (!isWritePathError(error)) throw error;
      for (const listener of [...listeners]) listener(error);
    }
  };
}
