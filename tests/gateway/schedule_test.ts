import { assert, assertEquals } from "@std/assert";
import { cronSchedule, intervalSchedule, stableJitterMs } from "../../gateway/schedule.ts";
import { type ManualTime, manualTime } from "../fixtures/manual_time.ts";

const MINUTE = 60_000;

/** Runs a schedule and writes down when each slot came, in minutes; `work` says how long acting on a slot takes. */
function record(
  time: ManualTime,
  schedule: (signal: AbortSignal) => AsyncGenerator<unknown, void>,
  work: (index: number) => number = () => 0,
) {
  const stop = new AbortController();
  const due: [minute: number, what: unknown][] = [];
  const done = (async () => {
    for await (const what of schedule(stop.signal)) {
      due.push([time.timer.elapsed() / MINUTE, what]);
      const ms = work(due.length - 1);
      if (ms > 0) await time.timer.sleep(ms, stop.signal);
    }
  })();
  return {
    due,
    async [Symbol.asyncDispose]() {
      stop.abort();
      await done;
    },
  };
}

Deno.test("intervalSchedule() is due at once and then at every interval, shifted by the jitter", async () => {
  const time = manualTime();
  await using run = record(
    time,
    (signal) => intervalSchedule({ intervalMs: 15 * MINUTE, jitterMs: MINUTE, timer: time.timer, signal }),
  );
  await time.pass(47 * MINUTE);
  assertEquals(run.due, [0, 16, 31, 46].map((minute, slot) => [minute, { slot, missed: 0 }]));
});

Deno.test("intervalSchedule() neither skips nor doubles a slot when the clock is set", async () => {
  const time = manualTime("1970-01-01T00:00:00.000Z");
  await using run = record(time, (signal) => intervalSchedule({ intervalMs: MINUTE, timer: time.timer, signal }));
  for (const step of [56 * 365 * 86_400_000, -3_600_000, 3_600_000]) {
    await time.pass(MINUTE);
    time.step(step);
  }
  await time.pass(MINUTE);
  assertEquals(run.due.map(([minute]) => minute), [0, 1, 2, 3, 4]);
});

Deno.test("intervalSchedule() gives one late slot and no burst after work that took too long", async () => {
  const time = manualTime();
  await using run = record(
    time,
    (signal) => intervalSchedule({ intervalMs: 10 * MINUTE, timer: time.timer, signal }),
    (index) => index === 1 ? 35 * MINUTE : 0,
  );
  await time.pass(62 * MINUTE);
  assertEquals(run.due, [
    [0, { slot: 0, missed: 0 }],
    [10, { slot: 1, missed: 0 }],
    [45, { slot: 4, missed: 2 }],
    [50, { slot: 5, missed: 0 }],
    [60, { slot: 6, missed: 0 }],
  ]);
});

Deno.test("intervalSchedule() ends with its signal", async () => {
  const { timer } = manualTime();
  const signal = AbortSignal.abort();
  for await (const _ of intervalSchedule({ intervalMs: 1, timer, signal })) throw new Error("it was due");
});

Deno.test("stableJitterMs() is the same each time, differs between gateways and stays small", () => {
  const jitters = Array.from({ length: 1000 }, (_, index) => stableJitterMs(`GW-${index}`, "main", 900_000));
  assertEquals(jitters, Array.from({ length: 1000 }, (_, index) => stableJitterMs(`GW-${index}`, "main", 900_000)));
  assert(jitters.every((jitter) => 0 <= jitter && jitter < 60_000));
  const perTenth = Array.from({ length: 10 }, (_, tenth) => jitters.filter((ms) => Math.floor(ms / 6_000) === tenth));
  assert(perTenth.every(({ length }) => length > 50), "they spread evenly");
  assert(stableJitterMs("GW-0001", "main", 2_000) < 200);
});

Deno.test("cronSchedule() is due at the times of the expression in UTC", async () => {
  const time = manualTime("2026-01-31T12:00:00.000Z");
  const { clock, timer } = time;
  await using run = record(
    time,
    (signal) => cronSchedule({ cron: "15 3 * * *", jitterMs: MINUTE, clock, timer, signal }),
  );
  await time.pass(48 * 60 * MINUTE);
  assertEquals(run.due, [
    [15 * 60 + 16, new Date("2026-02-01T03:15:00.000Z")],
    [39 * 60 + 16, new Date("2026-02-02T03:15:00.000Z")],
  ]);
});

Deno.test("cronSchedule() neither misses nor repeats a time over which the clock is set", async () => {
  const time = manualTime("2026-01-31T02:30:00.000Z");
  const { clock, timer } = time;
  await using run = record(time, (signal) => cronSchedule({ cron: "0 3 * * *", clock, timer, signal }));
  await time.pass(10 * MINUTE);
  time.step(3_600_000); // 03:40
  await time.pass(10 * MINUTE);
  assertEquals(run.due.map(([, at]) => at), [new Date("2026-01-31T03:00:00.000Z")]);
  time.step(-3_600_000); // 02:50
  await time.pass(30 * MINUTE);
  assertEquals(run.due.length, 1);
  await time.pass(24 * 60 * MINUTE);
  assertEquals(run.due[1]?.[1], new Date("2026-02-01T03:00:00.000Z"));
});

Deno.test("cronSchedule() recovers from a clock that was far ahead or stood in 1970", async () => {
  const time = manualTime("2099-01-01T02:30:00.000Z");
  const { clock, timer } = time;
  await using run = record(time, (signal) => cronSchedule({ cron: "0 3 * * *", clock, timer, signal }));
  await time.pass(MINUTE);
  time.step(Date.parse("2026-01-31T02:30:00.000Z") - clock.now().getTime());
  await time.pass(31 * MINUTE);
  assertEquals(run.due.map(([, at]) => at), [new Date("2026-01-31T03:00:00.000Z")]);
  time.step(Date.parse("1970-01-01T00:00:00.000Z") - clock.now().getTime());
  await time.pass(MINUTE);
  time.step(Date.parse("2026-01-31T03:30:00.000Z") - clock.now().getTime());
  await time.pass(24 * 60 * MINUTE);
  assertEquals(run.due.at(-1)?.[1], new Date("2026-02-01T03:00:00.000Z"));
});
