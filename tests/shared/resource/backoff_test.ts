import { assertEquals, assertRejects } from "@std/assert";
import { fullJitterBackoff, semaphore } from "@mbus-gateway/resource";

Deno.test("fullJitterBackoff() doubles its bound up to the most, and begins anew after a success", () => {
  const backoff = fullJitterBackoff({ baseMs: 100, maxMs: 1000, random: () => 1 });
  assertEquals(Array.from({ length: 6 }, () => backoff.next()), [100, 200, 400, 800, 1000, 1000]);
  backoff.reset();
  assertEquals(backoff.next(), 100);
});

Deno.test("fullJitterBackoff() spreads evenly between nothing and its bound", () => {
  let random = 0;
  const backoff = fullJitterBackoff({ baseMs: 1000, maxMs: 1000, random: () => random });
  const waits = [0, 0.25, 0.999].map((value) => {
    random = value;
    return backoff.next();
  });
  assertEquals(waits, [0, 250, 999]);
});

Deno.test("fullJitterBackoff() stays within its bounds for any random number and any count", () => {
  const backoff = fullJitterBackoff({ baseMs: 10, maxMs: 60_000 });
  for (let count = 0; count < 2000; count++) {
    const wait = backoff.next();
    assertEquals(Number.isInteger(wait) && wait >= 0 && wait <= 60_000, true);
  }
});

Deno.test("semaphore() lets so many in, the others in their order, and forgets who gave up", async () => {
  const places = semaphore(1);
  const order: string[] = [];
  const first = await places.acquire();
  const controller = new AbortController();
  const gaveUp = assertRejects(() => places.acquire(controller.signal), Error, "enough");
  const second = places.acquire().then((place) => (order.push("second"), place));
  const third = places.acquire().then((place) => (order.push("third"), place));
  controller.abort(new Error("enough"));
  await gaveUp;
  await assertRejects(() => places.acquire(controller.signal), Error, "enough");
  assertEquals(order, []);
  first[Symbol.dispose]();
  first[Symbol.dispose]();
  (await second)[Symbol.dispose]();
  (await third)[Symbol.dispose]();
  assertEquals(order, ["second", "third"]);
  using _free = await places.acquire();
});
