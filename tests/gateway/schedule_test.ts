import { assert, assertEquals } from "@std/assert";
import {
  cronGapMs,
  cronSchedule,
  cronSlots,
  type Due,
  intervalSlots,
  type Slots,
  stableJitterMs,
} from "../../gateway/schedule.ts";
import { type ManualTime, manualTime } from "../fixtures/manual_time.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** Takes slots as they come and writes down when, in minutes; `work` says how long acting on each takes. */
function record(time: ManualTime, slots: Slots, work: (index: number) => number = () => 0) {
  const stop = new AbortController();
  const due: [minute: number, due: Due][] = [];
  const done = (async () => {
    for (;;) {
      const taken = slots.take();
      if (taken !== null) due.push([time.timer.elapsed() / MINUTE, taken]);
      const until = taken === null ? slots.nextAt() : time.timer.elapsed() + work(due.length - 1);
      try {
        await time.timer.sleep(Math.max(0, until - time.timer.elapsed()), stop.signal);
      } catch {
        return;
      }
    }
  })();
  return {
    due,
    /** The times of the expression that came. */
    get times() {
      return due.map(([, { slot }]) => new Date(slot).toISOString());
    },
    async [Symbol.asyncDispose]() {
      stop.abort();
      await done;
    },
  };
}

Deno.test("intervalSlots() is due at once and then at every interval, shifted by the jitter", async () => {
  const time = manualTime();
  await using run = record(
    time,
    intervalSlots({ intervalMs: 15 * MINUTE, jitterMs: MINUTE, timer: time.timer }),
  );
  await time.pass(47 * MINUTE);
  assertEquals(run.due, [0, 16, 31, 46].map((minute, slot) => [minute, { slot, late: false }]));
});

Deno.test("intervalSlots() neither skips nor doubles a slot when the clock is set", async () => {
  const time = manualTime("1970-01-01T00:00:00.000Z");
  await using run = record(time, intervalSlots({ intervalMs: MINUTE, timer: time.timer }));
  for (const step of [56 * 365 * 86_400_000, -HOUR, HOUR]) {
    await time.pass(MINUTE);
    time.step(step);
  }
  await time.pass(MINUTE);
  assertEquals(run.due.map(([minute]) => minute), [0, 1, 2, 3, 4]);
});

Deno.test("intervalSlots() gives one late slot and no burst after work that took too long", async () => {
  const time = manualTime();
  const slots = intervalSlots({ intervalMs: 10 * MINUTE, timer: time.timer });
  await using run = record(time, slots, (index) => index === 1 ? 35 * MINUTE : 0);
  await time.pass(62 * MINUTE);
  assertEquals(run.due, [
    [0, { slot: 0, late: false }],
    [10, { slot: 1, late: false }],
    [45, { slot: 4, late: true }],
    [50, { slot: 5, late: false }],
    [60, { slot: 6, late: false }],
  ]);
});

Deno.test("stableJitterMs() is the same each time, differs between gateways and stays small", () => {
  const jitters = Array.from({ length: 1000 }, (_, index) => stableJitterMs(`GW-${index}`, "main", 900_000));
  assertEquals(jitters, Array.from({ length: 1000 }, (_, index) => stableJitterMs(`GW-${index}`, "main", 900_000)));
  assert(jitters.every((jitter) => 0 <= jitter && jitter < 60_000));
  const perTenth = Array.from({ length: 10 }, (_, tenth) => jitters.filter((ms) => Math.floor(ms / 6_000) === tenth));
  assert(perTenth.every(({ length }) => length > 50), "they spread evenly");
  assert(stableJitterMs("GW-0001", "main", 2_000) < 200);
});

Deno.test("cronSlots() is due at the times of the expression in UTC", async () => {
  const time = manualTime("2026-01-31T12:00:00.000Z");
  await using run = record(time, cronSlots({ ...time, cron: "15 3 * * *", jitterMs: MINUTE }));
  await time.pass(48 * HOUR);
  assertEquals(run.due.map(([minute]) => minute), [15 * 60 + 16, 39 * 60 + 16]);
  assertEquals(run.times, ["2026-02-01T03:15:00.000Z", "2026-02-02T03:15:00.000Z"]);
});

Deno.test("cronSlots() follows a time zone over the change to summer time", async () => {
  const time = manualTime("2026-03-28T12:00:00.000Z");
  await using run = record(time, cronSlots({ ...time, cron: "0 4 * * *", timeZone: "Europe/Copenhagen" }));
  await time.pass(48 * HOUR);
  assertEquals(run.times, ["2026-03-29T02:00:00.000Z", "2026-03-30T02:00:00.000Z"]);
});

Deno.test("cronSlots() neither misses nor repeats a time over which the clock is set", async () => {
  const time = manualTime("2026-01-31T02:30:00.000Z");
  await using run = record(time, cronSlots({ ...time, cron: "0 3 * * *" }));
  await time.pass(10 * MINUTE);
  time.step(HOUR); // 03:40
  await time.pass(10 * MINUTE);
  assertEquals(run.times, ["2026-01-31T03:00:00.000Z"]);
  time.step(-HOUR); // 02:50
  await time.pass(30 * MINUTE);
  assertEquals(run.times.length, 1);
  await time.pass(24 * HOUR);
  assertEquals(run.times[1], "2026-02-01T03:00:00.000Z");
});

Deno.test("cronSlots() gives each quarter of an hour once, whichever way and however often the clock steps", async () => {
  const time = manualTime("2026-01-31T00:00:00.000Z");
  await using run = record(time, cronSlots({ ...time, cron: "*/15 * * * *" }));
  const steps = [HOUR, -HOUR, -HOUR, HOUR, 20 * MINUTE, -20 * MINUTE, MINUTE, -MINUTE];
  for (const step of steps) {
    await time.pass(50 * MINUTE);
    time.step(step);
  }
  await time.pass(2 * HOUR);
  assertEquals(new Set(run.times).size, run.times.length, "a time came twice");
  assertEquals(run.times, [...run.times].sort());
  // Whatever passed unused stands behind a forward step, and the slot after it says so.
  const gaps = run.due.filter(([, { slot }], index) => slot - (run.due[index - 1]?.[1].slot ?? slot) > 15 * MINUTE);
  assert(gaps.length > 0 && gaps.every(([, { late }]) => late));
});

Deno.test("cronSlots() is not skipped when the clock comes from 1970, and does not go through all that has passed", async () => {
  const time = manualTime("1970-01-01T00:00:10.000Z");
  await using run = record(time, cronSlots({ ...time, cron: "*/15 * * * *" }));
  await time.pass(31 * MINUTE);
  time.step(Date.parse("2026-01-31T12:05:00.000Z") - time.clock.now().getTime());
  await time.pass(41 * MINUTE);
  assertEquals(run.times, [
    "1970-01-01T00:15:00.000Z",
    "1970-01-01T00:30:00.000Z",
    "2026-01-31T12:00:00.000Z",
    "2026-01-31T12:15:00.000Z",
    "2026-01-31T12:30:00.000Z",
    "2026-01-31T12:45:00.000Z",
  ]);
});

Deno.test("cronSlots() recovers from a clock that was far ahead or stood in 1970", async () => {
  const time = manualTime("2099-01-01T02:30:00.000Z");
  const { clock } = time;
  await using run = record(time, cronSlots({ ...time, cron: "0 3 * * *" }));
  await time.pass(MINUTE);
  time.step(Date.parse("2026-01-31T02:30:00.000Z") - clock.now().getTime());
  await time.pass(31 * MINUTE);
  assertEquals(run.times, ["2026-01-31T03:00:00.000Z"]);
  time.step(Date.parse("1970-01-01T00:00:00.000Z") - clock.now().getTime());
  await time.pass(MINUTE);
  time.step(Date.parse("2026-01-31T03:30:00.000Z") - clock.now().getTime());
  await time.pass(24 * HOUR);
  assertEquals(run.times.at(-1), "2026-02-01T03:00:00.000Z");
});

Deno.test("cronSlots() gives one late slot and no burst after work that took too long", async () => {
  const time = manualTime("2026-01-31T11:59:00.000Z");
  const slots = cronSlots({ ...time, cron: "*/10 * * * *" });
  await using run = record(time, slots, (index) => index === 0 ? 35 * MINUTE : 0);
  await time.pass(50 * MINUTE);
  assertEquals(run.due.map(([minute, { late }]) => [minute, late]), [[1, false], [36, true], [41, false]]);
});

Deno.test("cronSchedule() yields the times until its signal aborts", async () => {
  const time = manualTime("2026-01-31T02:59:00.000Z");
  const stop = new AbortController();
  const seen: Date[] = [];
  const done = (async () => {
    for await (const at of cronSchedule({ ...time, cron: "0 3 * * *", signal: stop.signal })) seen.push(at);
  })();
  await time.pass(48 * HOUR);
  stop.abort();
  await done;
  assertEquals(seen.map((at) => at.toISOString()), ["2026-01-31T03:00:00.000Z", "2026-02-01T03:00:00.000Z"]);
});

Deno.test("cronGapMs() says how far apart the times of an expression are", () => {
  assertEquals(cronGapMs("*/15 * * * *"), 15 * MINUTE);
});
