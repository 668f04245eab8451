import { assertEquals, assertRejects } from "@std/assert";
import { ConfigurationError, describeError, exitCodeOf } from "@mbus-gateway/resource";
import { timeLimit } from "../../gateway/time_limit.ts";
import { together } from "../../gateway/together.ts";
import { manualTime } from "../fixtures/manual_time.ts";

const ended = (signal: AbortSignal) =>
  new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));

Deno.test("together() returns when all have ended", async () => {
  const stop = new AbortController();
  const order: string[] = [];
  const loops = ["a", "b"].map((name) => async (signal: AbortSignal) => {
    await ended(signal);
    order.push(name);
  });
  const done = together(stop.signal, loops);
  stop.abort();
  await done;
  assertEquals(order, ["a", "b"]);
});

Deno.test("together() ends the others when one fails, waits for them, and throws what failed", async () => {
  const order: string[] = [];
  const failing = together(new AbortController().signal, [
    async (signal) => {
      await ended(signal);
      await Promise.resolve();
      order.push("released");
    },
    () => Promise.reject(new ConfigurationError("Cannot use it")),
  ]);
  const error = await assertRejects(() => failing, ConfigurationError, "Cannot use it");
  assertEquals(order, ["released"]);
  assertEquals(exitCodeOf(error), 3);
});

Deno.test("together() keeps the errors of several, the first as the cause of the exit code", async () => {
  const failing = together(new AbortController().signal, [
    async (signal) => {
      await ended(signal);
      throw new Error("Cannot close");
    },
    () => Promise.reject(new ConfigurationError("Cannot use it")),
  ]);
  const error = await assertRejects(() => failing, SuppressedError);
  assertEquals(exitCodeOf(error), 3);
  assertEquals(describeError(error), "Cannot use it; then, while releasing: Cannot close");
});

Deno.test("timeLimit() aborts when the time is up, counted from a signal, and not after its release", async () => {
  const time = manualTime();
  const from = new AbortController();
  using now = timeLimit(1_000, time.timer);
  using later = timeLimit(1_000, time.timer, { from: from.signal });
  const released = timeLimit(1_000, time.timer);
  released[Symbol.dispose]();
  await time.pass(1_000);
  await time.pass(0);
  assertEquals([now, later, released].map(({ signal }) => signal.aborted), [true, false, false]);
  from.abort();
  await time.pass(1_000);
  await time.pass(0);
  assertEquals(later.signal.aborted, true);
});
