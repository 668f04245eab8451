import { assert, assertEquals } from "@std/assert";
import { clockCorrection, HOLD_MS } from "../../gateway/clock_correction.ts";
import { openSpool, type TakenReadout } from "../../gateway/spool.ts";
import { manualTime } from "../fixtures/manual_time.ts";

const MINUTE = 60_000;

Deno.test("clockCorrection() says by how much each stretch of readouts was wrong, once the clock is trusted", async () => {
  const time = manualTime("1970-01-01T00:00:10.000Z");
  time.trust(false);
  const correction = clockCorrection(time.clock, time.timer);
  assertEquals([correction.heldFrom(), correction.next()], [null, null]);
  correction.note(5);
  await time.pass(MINUTE);
  correction.note(6);
  time.step(3_600_000); // somebody sets it by hand, to another wrong time
  correction.note(7);
  await time.pass(MINUTE);
  assertEquals([correction.heldFrom(), correction.next()], [5, null]);
  const ahead = Date.parse("2026-01-31T12:00:00.000Z") - time.clock.now().getTime();
  time.step(ahead);
  time.trust(true);
  assertEquals(correction.next(), { first: 5, last: 6, shiftMs: ahead + 3_600_000 });
  correction.done(5);
  assertEquals([correction.next()?.first, correction.heldFrom()], [6, 6]);
  correction.done(6);
  assertEquals(correction.next(), { first: 7, last: 7, shiftMs: ahead });
  correction.done(7);
  assertEquals([correction.next(), correction.heldFrom()], [null, null]);
});

Deno.test("clockCorrection() holds readouts for a day at most, and still corrects them after it", async () => {
  const time = manualTime("1970-01-01T00:00:00.000Z");
  time.trust(false);
  const correction = clockCorrection(time.clock, time.timer);
  correction.note(1);
  await time.pass(HOLD_MS - 1);
  assertEquals(correction.heldFrom(), 1);
  await time.pass(1);
  assertEquals(correction.heldFrom(), null);
  time.trust(true);
  assertEquals(correction.next()?.shiftMs, 0);
});

Deno.test("a spool keeps readouts of an untrusted clock back, corrects them, and never changes when they were read", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const time = manualTime("1970-01-01T00:00:00.000Z");
    using spool = openSpool(`${folder}/spool.db`, { ...time });
    const read = (clock: TakenReadout["clock"]) =>
      spool.put({
        bus: "main",
        address: "p1",
        readAt: time.clock.now().toISOString(),
        clock,
        frames: [Uint8Array.of(0xe5)],
      });
    read("trusted");
    time.trust(false);
    // More than are corrected at a time.
    for (let second = 0; second < 1_100; second++) {
      await time.pass(1_000);
      read("untrusted");
    }
    assertEquals(spool.sendable(), 1);
    assertEquals(spool.tend(), false);
    const elapsed = time.timer.elapsed();
    time.step(Date.parse("2026-01-31T12:00:00.000Z") - time.clock.now().getTime());
    time.trust(true);
    read("trusted");
    assertEquals(spool.sendable(), 1, "a trusted one behind them waits with them");
    let steps = 0;
    while (spool.tend()) steps++;
    assert(steps <= 5);
    assertEquals(spool.sendable(), 1_102);
    const readouts = spool.peek({ limit: 2_000 });
    assertEquals(readouts.at(-1)?.correctedReadAt, undefined);
    for (const { seq, readAt, clock, correctedReadAt } of readouts.slice(1, -1)) {
      const second = seq - 1;
      assertEquals(clock, "untrusted");
      assertEquals(readAt, new Date(second * 1_000).toISOString());
      const really = Date.parse("2026-01-31T12:00:00.000Z") - elapsed + second * 1_000;
      assertEquals(correctedReadAt, new Date(really).toISOString());
    }
    assertEquals(spool.status().parked, 0);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a spool leaves the readouts of an earlier start as they were, marked, and sends them", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const time = manualTime("1970-01-01T00:00:00.000Z");
    time.trust(false);
    {
      using spool = openSpool(`${folder}/spool.db`, { ...time });
      const readAt = time.clock.now().toISOString();
      spool.put({ bus: "main", address: "p1", readAt, clock: "untrusted", frames: [Uint8Array.of(0xe5)] });
      assertEquals(spool.sendable(), 0);
    }
    time.trust(true);
    using spool = openSpool(`${folder}/spool.db`, { ...time });
    assertEquals([spool.tend(), spool.sendable()], [false, 1]);
    assertEquals(spool.peek({ limit: 9 }).map(({ clock, correctedReadAt }) => [clock, correctedReadAt]), [
      ["untrusted", undefined],
    ]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
