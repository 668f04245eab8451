import { assert, assertEquals, assertRejects } from "@std/assert";
import { BusAway, busDesk, UnknownBus } from "../../gateway/bus_desk.ts";
import type { BusLine } from "../../gateway/bus_line.ts";
import { TransportClosed } from "../../gateway/byte_stream.ts";
import type { MeterBus } from "../../gateway/meter_bus.ts";
import { manualTime } from "../fixtures/manual_time.ts";

/** A line that only says whether it was taken down. */
function line(): BusLine & { drops: (TransportClosed | undefined)[] } {
  const drops: (TransportClosed | undefined)[] = [];
  return {
    drops,
    master: () => Promise.resolve({} as MeterBus),
    drop: (reason) => Promise.resolve(void drops.push(reason)),
    works: () => {},
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

function scene() {
  const time = manualTime();
  const desk = busDesk(["main", "cellar"], time.timer);
  const counter = desk.counter("main");
  const never = new AbortController().signal;
  return { time, desk, counter, line: line(), never };
}

Deno.test("BusDesk.ask() does one job after the other, and answers with what it gives or throws", async () => {
  const { desk, counter, line, never } = scene();
  assertEquals(await counter.serve(line, never), false);
  const order: string[] = [];
  const first = desk.ask("main", () => Promise.resolve(order.push("first")), never);
  await counter.knock;
  const second = desk.ask("main", () => Promise.reject(new Error("Cannot read meter p9")), never);
  const refused = assertRejects(() => second, Error, "Cannot read meter p9");
  assertEquals(order, []);
  assertEquals(await counter.serve(line, never), true);
  assertEquals(await first, 1);
  assertEquals(await counter.serve(line, never), true);
  await refused;
  assertEquals(await counter.serve(line, never), false);
  assertEquals(line.drops, []);
});

Deno.test("BusDesk.ask() names the buses that there are", async () => {
  const { desk, never } = scene();
  await assertRejects(() => desk.ask("attic", () => Promise.resolve(1), never), UnknownBus, "there are main, cellar");
});

Deno.test("BusDesk.ask() forgets a job whose asker has gone before it began", async () => {
  const { desk, counter, line, never } = scene();
  const asker = new AbortController();
  const asked = desk.ask("main", () => Promise.reject(new Error("it was done")), asker.signal);
  const gone = assertRejects(() => asked, Error, "too long");
  asker.abort(new Error("too long"));
  await gone;
  assertEquals(await counter.serve(line, never), false);
});

Deno.test("BusDesk.ask() tells a job to end, and the bus goes on with the same line when it does", async () => {
  const { desk, counter, line, never } = scene();
  const asker = new AbortController();
  const asked = desk.ask("main", async (_master, signal) => {
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
    signal.throwIfAborted();
  }, asker.signal);
  const gone = assertRejects(() => asked, Error, "cancelled");
  const served = counter.serve(line, never);
  asker.abort(new Error("cancelled"));
  await gone;
  assertEquals(await served, true);
  assertEquals(line.drops, []);
});

Deno.test("BusDesk.ask() takes the line from a job that does not end within a second of its abort", async () => {
  const { time, desk, counter, line, never } = scene();
  const asker = new AbortController();
  const asked = desk.ask("main", () => new Promise(() => {}), asker.signal);
  const gone = assertRejects(() => asked, Error, "cancelled");
  let served = false;
  const serving = counter.serve(line, never).then(() => served = true);
  await time.pass(60_000);
  assert(!served, "a long job holds the bus");
  asker.abort(new Error("cancelled"));
  await gone;
  await time.pass(1_000);
  await serving;
  assertEquals(line.drops, [undefined]);
});

Deno.test("BusDesk.ask() has the line opened again when it broke over a job", async () => {
  const { desk, counter, line, never } = scene();
  const broken = new TransportClosed("Cannot read: the adapter is gone");
  const asked = desk.ask("main", () => Promise.reject(broken), never);
  const failed = assertRejects(() => asked, TransportClosed);
  await counter.serve(line, never);
  await failed;
  assertEquals(line.drops, [broken]);
});

Deno.test("BusDesk.ask() lets reading pass a job that allows it, and never takes the line from under the reading", async () => {
  const { time, desk, counter, line, never } = scene();
  const order: string[] = [];
  const reading = { isDue: () => order.length === 0, pass: () => time.timer.sleep(20_000, never) };
  const asker = new AbortController();
  const asked = desk.ask("main", async (_master, _signal, passage) => {
    assertEquals(passage.isWanted(), true);
    order.push("gives");
    await passage.give().finally(() => order.push("has it back"));
    order.push("goes on");
  }, asker.signal);
  const gone = assertRejects(() => asked, Error, "cancelled");
  const served = counter.serve(line, never, reading);
  await time.pass(1_000);
  asker.abort(new Error("cancelled"));
  await gone;
  await time.pass(10_000);
  assertEquals([order, line.drops], [["gives"], []]);
  await time.pass(10_000);
  assertEquals(await served, true);
  assertEquals([order, line.drops], [["gives", "has it back"], []]);
});

Deno.test("BusDesk.ask() is refused at once when the line breaks under the reading that passes", async () => {
  const { time, desk, counter, line, never } = scene();
  const broken = new TransportClosed("Cannot read: the adapter is gone");
  const reading = {
    isDue: () => true,
    async pass(lent: BusLine) {
      await lent.drop(); // a doubt
      await lent.drop(broken);
      await time.timer.sleep(3_600_000, never); // until there is another
    },
  };
  const asked = desk.ask("main", (_master, _signal, passage) => passage.give(), never);
  const failed = assertRejects(() => asked, TransportClosed, "the adapter is gone");
  const served = counter.serve(line, never, reading);
  await failed;
  await time.pass(3_600_000);
  assertEquals(await served, true);
  assertEquals(line.drops, [broken], "the one that came after it stays");
});

Deno.test("BusDesk.ask() is refused once the reading has ended, waiting or not", async () => {
  const { desk, counter, never } = scene();
  const waiting = assertRejects(() => desk.ask("main", () => Promise.resolve(1), never), BusAway, "the gateway stops");
  await counter.knock;
  counter[Symbol.dispose]();
  await waiting;
  await assertRejects(() => desk.ask("main", () => Promise.resolve(1), never), BusAway);
});
