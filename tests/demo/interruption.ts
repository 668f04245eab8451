/** What the user wants: signals that abort when the demo shall end, and when it shall end at once. */
export interface Interruption extends Disposable {
  readonly end: AbortSignal;
  readonly now: AbortSignal;
}

/** A terminal and a task runner deliver one Ctrl-C twice: within this time it counts once. */
const SAME_MS = 1000;

export interface InterruptionOptions {
  /** Milliseconds on a clock that does not jump. */
  now?: () => number;
  listen?: (signal: Deno.Signal, handler: () => void) => Disposable;
}

/** Listens for Ctrl-C, SIGTERM and the end of the terminal: the first ends in order, one a second later at once. */
export function interruption(options: InterruptionOptions = {}): Interruption {
  const { now = () => performance.now(), listen = listenToProcess } = options;
  const end = new AbortController();
  const atOnce = new AbortController();
  let firstAt = 0;
  const interrupt = () => {
    if (!end.signal.aborted) {
      firstAt = now();
      end.abort(new DOMException("The demo was asked to end", "AbortError"));
    } else if (now() - firstAt >= SAME_MS) {
      atOnce.abort(new DOMException("The demo was asked to end at once", "AbortError"));
    }
  };
  using listeners = new DisposableStack();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) listeners.use(listen(signal, interrupt));
  const owned = listeners.move();
  return { end: end.signal, now: atOnce.signal, [Symbol.dispose]: () => owned.dispose() };
}

function listenToProcess(signal: Deno.Signal, handler: () => void): Disposable {
  Deno.addSignalListener(signal, handler);
  return { [Symbol.dispose]: () => Deno.removeSignalListener(signal, handler) };
}
