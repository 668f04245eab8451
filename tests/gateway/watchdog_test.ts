import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { createLog } from "@mbus-gateway/resource";
import { beatingTimer } from "../../gateway/pulse.ts";
import { pulseWatch } from "../../gateway/pulse_watch.ts";
import type { ServiceManager } from "../../gateway/service_manager.ts";
import { watchdog } from "../../gateway/watchdog.ts";
import { manualTime } from "../fixtures/manual_time.ts";

/** A watchdog of a minute over two parts that sleep for most of the time, and systemd's view of it. */
function watched({ roundTrip = () => {} }: { roundTrip?: () => void } = {}) {
  const { timer, pass } = manualTime();
  const watch = pulseWatch(timer);
  const fed: number[] = [];
  const said: string[] = [];
  const lines: string[] = [];
  const stop = new AbortController();
  const manager: ServiceManager = {
    watchdogMs: 60_000,
    ready: () => Promise.resolve(true),
    stopping: () => Promise.resolve(true),
    status: (text) => Promise.resolve(said.push(text) > 0),
    alive: () => Promise.resolve(fed.push(timer.elapsed()) > 0),
    [Symbol.dispose]() {},
  };
  const hang = new AbortController();
  const part = async (name: string) => {
    using _ = watch.expect(name, 120_000);
    const beating = beatingTimer(timer, () => watch.beat(name), 10_000);
    const wakes = name === "bus main" ? AbortSignal.any([stop.signal, hang.signal]) : stop.signal;
    while (!wakes.aborted) await beating.sleep(900_000, wakes).catch(() => {});
    const ended = Promise.withResolvers<void>();
    stop.signal.addEventListener("abort", () => ended.resolve());
    if (!stop.signal.aborted) await ended.promise; // hangs: what it waits for does not come
  };
  const log = createLog({ write: (line) => lines.push(line) });
  const done = Promise.all([
    watchdog({ manager, watch, roundTrip, status: () => "fine", timer, log, signal: stop.signal }),
    part("bus main"),
    part("delivery"),
  ]);
  return {
    fed,
    said,
    lines,
    pass,
    hang: () => hang.abort(),
    async [Symbol.asyncDispose]() {
      stop.abort();
      await done;
    },
  };
}

Deno.test("watchdog() never starves over a day in which the gateway is healthy and has nothing to do", async () => {
  await using gateway = watched();
  await gateway.pass(86_400_000);
  const pauses = gateway.fed.slice(1).map((at, index) => at - (gateway.fed[index] ?? 0));
  assertEquals([Math.max(...pauses), gateway.lines, gateway.said], [10_000, [], []]);
});

Deno.test("watchdog() starves when one bus hangs for ever while all else lives, and says which", async () => {
  await using gateway = watched();
  await gateway.pass(300_000);
  gateway.hang();
  await gateway.pass(600_000);
  const last = gateway.fed.at(-1) ?? 0;
  assert(last >= 300_000 && last <= 430_000, `${last}`);
  assertEquals(gateway.lines.length, 1);
  assertStringIncludes(gateway.lines[0] ?? "", "A part of the gateway hangs: bus main");
  assertStringIncludes(gateway.said.at(-1) ?? "", "hangs: bus main");
});

Deno.test("watchdog() starves while a round trip through the spool fails, and no longer", async () => {
  let broken = false;
  await using gateway = watched({
    roundTrip() {
      if (broken) throw new Error("disk I/O error");
    },
  });
  await gateway.pass(60_000);
  broken = true;
  const before = gateway.fed.length;
  await gateway.pass(60_000);
  assert(gateway.fed.length <= before + 1);
  assertEquals(gateway.said.at(-1), "fails: disk I/O error");
  broken = false;
  await gateway.pass(60_000);
  assert(gateway.fed.length >= before + 5);
});
