import { assertEquals } from "@std/assert";
import { interruption } from "./interruption.ts";

/** A terminal whose keys and clock are the test's. */
function terminal() {
  const handlers = new Map<Deno.Signal, () => void>();
  let time = 0;
  return {
    handlers,
    press: (signal: Deno.Signal) => handlers.get(signal)?.(),
    wait: (ms: number) => void (time += ms),
    options: {
      now: () => time,
      listen(signal: Deno.Signal, handler: () => void) {
        handlers.set(signal, handler);
        return { [Symbol.dispose]: () => void handlers.delete(signal) };
      },
    },
  };
}

Deno.test("interruption() takes a second SIGINT within a second for the same Ctrl-C, a later one for impatience", () => {
  const keys = terminal();
  using interrupted = interruption(keys.options);
  const state = () => [interrupted.end.aborted, interrupted.now.aborted];
  assertEquals(state(), [false, false]);
  keys.press("SIGINT");
  assertEquals(state(), [true, false]);
  keys.wait(999);
  keys.press("SIGINT");
  assertEquals(state(), [true, false]);
  keys.wait(1);
  keys.press("SIGINT");
  assertEquals(state(), [true, true]);
});

for (const signal of ["SIGTERM", "SIGHUP"] as const) {
  Deno.test(`interruption() ends at ${signal} too`, () => {
    const keys = terminal();
    using interrupted = interruption(keys.options);
    keys.press(signal);
    assertEquals(interrupted.end.aborted, true);
  });
}

Deno.test("interruption() lets go of the signals", () => {
  const keys = terminal();
  interruption(keys.options)[Symbol.dispose]();
  assertEquals(keys.handlers.size, 0);
  using interrupted = interruption();
  assertEquals(interrupted.end.aborted, false);
});
