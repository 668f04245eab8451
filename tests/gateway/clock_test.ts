import { assert, assertEquals, assertRejects } from "@std/assert";
import { RELEASED, systemClock, systemTimer } from "../../gateway/clock.ts";

const AFTER = new Date(RELEASED.getTime() + 86_400_000);
const BEFORE = new Date("1970-01-01T00:00:12.000Z");

Deno.test.each<[name: string, now: Date, synchronized: boolean | null, trusted: boolean]>([
  ["before this release was made, whatever else is said", BEFORE, true, false],
  ["before this release was made, and nothing is known", BEFORE, null, false],
  ["later, but no time server has answered yet", AFTER, false, false],
  ["later, and a time server has answered", AFTER, true, true],
  ["later, and nobody can tell", AFTER, null, true],
])("systemClock() is trusted or not: $0", (_name, now, synchronized, trusted) => {
  assertEquals(systemClock({ now: () => now, synchronized: () => synchronized }).trusted(), trusted);
});

Deno.test("systemClock() becomes trusted once it has been set", () => {
  let now = BEFORE;
  let synchronized = false;
  const clock = systemClock({ now: () => now, synchronized: () => synchronized });
  assertEquals(clock.trusted(), false);
  now = AFTER;
  assertEquals(clock.trusted(), false);
  synchronized = true;
  assertEquals(clock.trusted(), true);
});

Deno.test({
  name: "systemClock() asks for no permission that it was not given",
  permissions: { read: false },
  fn: () => {
    const clock = systemClock({ now: () => AFTER });
    assertEquals(clock.trusted(), true);
    assertEquals(clock.now(), AFTER);
  },
});

Deno.test("systemTimer measures, sleeps and wakes at an abort", async () => {
  const before = systemTimer.elapsed();
  const stop = new AbortController();
  await systemTimer.sleep(1, stop.signal);
  assert(systemTimer.elapsed() >= before);
  const asleep = systemTimer.sleep(3_600_000, stop.signal);
  stop.abort(new Error("enough"));
  await assertRejects(() => asleep, Error, "enough");
});
