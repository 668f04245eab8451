import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { type FramesReadout, toRanges } from "@mbus-gateway/wire";
import { DELIVERY_LIMITS, DeliveryLedger, type DeliveryLimits } from "../../gateway/delivery_ledger.ts";
import { messageSource } from "../../gateway/delivery_message.ts";
import type { PeekOptions } from "../../gateway/spool.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** A small generator with a seed: the same run every time. */
function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** A spool, a wire and a server in one thread, on a clock that jumps from one event to the next. */
class World {
  now = 0;
  readonly rows = new Set<number>();
  readonly released = new Set<number>();
  readonly parked = new Set<number>();
  readonly messages: { at: number; seqs: number[] }[] = [];
  readonly ledger: DeliveryLedger;
  readonly #next: (now: number) => { readouts: FramesReadout[] } | null;
  #newest = 0;

  constructor(limits: Partial<DeliveryLimits> = {}, seed = 1) {
    this.ledger = new DeliveryLedger({ ...DELIVERY_LIMITS, ...limits }, seeded(seed));
    const peek = ({ after = 0, upTo = Infinity, limit }: PeekOptions) => this.#peek(after, upTo, limit);
    this.#next = messageSource({ peek, sendable: () => Math.max(0, ...this.rows) }, this.ledger);
    this.ledger.begin(0);
  }

  put(count: number) {
    for (let i = 0; i < count; i++) this.rows.add(++this.#newest);
  }

  /** Takes the next message off the ledger, published and not yet acknowledged. */
  publish(): number[] | null {
    this.park(this.ledger.judge(this.now));
    const message = this.#next(this.now);
    if (message === null) return null;
    const seqs = message.readouts.map((readout) => readout.seq);
    this.ledger.published(seqs, this.now);
    this.messages.push({ at: this.now, seqs });
    return seqs;
  }

  confirm(seqs: readonly number[]) {
    for (const seq of seqs) if (this.rows.delete(seq) || this.parked.delete(seq)) this.released.add(seq);
    this.ledger.confirmed(toRanges(seqs), this.now);
  }

  reconnect() {
    this.park(this.ledger.end());
    this.ledger.begin(this.now);
  }

  park(seqs: number[]) {
    for (const seq of seqs) {
      const attempts = this.messages.filter((message) => message.seqs.includes(seq));
      assert(attempts.length > DELIVERY_LIMITS.tries, `${seq} was given up after ${attempts.length} attempts`);
      assertEquals(attempts.at(-1)?.seqs, [seq], "given up without a last attempt alone");
      this.rows.delete(seq);
      this.parked.add(seq);
    }
  }

  /** Runs until `end`; `server` is given each message and says what it confirms, or null to end the connection. */
  runUntil(end: number, server: (seqs: number[]) => number[] | null) {
    while (this.now < end) {
      const seqs = this.publish();
      if (seqs === null) {
        this.now = Math.max(this.now + 1, Math.min(end, this.ledger.nextDue() ?? end));
        continue;
      }
      const held = server(seqs);
      this.now += 10;
      if (held === null) {
        this.reconnect();
        this.now += 1_000;
        continue;
      }
      this.ledger.acknowledged(seqs, this.now);
      this.confirm(held);
    }
  }

  #peek(after: number, upTo: number, limit: number): FramesReadout[] {
    const seqs = [...this.rows].filter((seq) => seq > after && seq <= upTo).sort((a, b) => a - b).slice(0, limit);
    return seqs.map((seq) => ({
      seq,
      bus: "main",
      address: "p1",
      readAt: "2026-01-31T11:59:58.123Z",
      clock: "trusted",
      frames: [],
    }));
  }
}

const confirmsAll = (seqs: number[]) => seqs;
const confirmsNothing = () => [];

Deno.test("DeliveryLedger sends everything once to a server that confirms", () => {
  const world = new World();
  world.put(10_000);
  world.runUntil(HOUR, confirmsAll);
  assertEquals(world.released.size, 10_000);
  assertEquals(world.messages.length, 20);
  assertEquals(world.ledger.outstanding, 0);
  assertEquals(world.ledger.nextDue(), null);
});

Deno.test("DeliveryLedger waits for a server that is away: parks nothing, sends little, and delivers all when it is back", () => {
  const world = new World();
  world.put(5_000);
  world.runUntil(24 * HOUR, confirmsNothing);
  assertEquals([world.parked.size, world.released.size], [0, 0]);
  const firsts = new Set(world.messages.flatMap(({ seqs }) => seqs));
  // the window once, then one probe each five to ten minutes, every other of them a new readout
  assert(firsts.size < DELIVERY_LIMITS.window + 10 + 24 * 6, `${firsts.size} readouts`);
  assert(world.messages.length < 4 + 20 + 24 * 12, `${world.messages.length} messages`);
  world.runUntil(24 * HOUR + 20 * MINUTE, confirmsAll);
  assertEquals(world.released.size, 5_000);
});

Deno.test("DeliveryLedger sends what is new at once, though the server has confirmed nothing for a day", () => {
  const world = new World();
  world.put(10);
  world.runUntil(24 * HOUR, confirmsNothing);
  world.put(1);
  assertEquals(world.publish(), [11]);
});

Deno.test("DeliveryLedger gives up a readout after five failures and one alone, and only that one", () => {
  const world = new World();
  const server = (seqs: number[]) => seqs.filter((seq) => seq !== 3);
  world.put(5);
  for (let minute = 1; world.parked.size === 0 && minute < 1_000; minute++) {
    world.runUntil(minute * MINUTE, server);
    world.put(1);
  }
  world.runUntil(1_001 * MINUTE, server);
  assertEquals([...world.parked], [3]);
  assertEquals(world.rows.size, 0);
  const attempts = world.messages.filter(({ seqs }) => seqs.includes(3));
  assert(attempts.length > DELIVERY_LIMITS.tries);
  assertEquals(attempts.at(-1)?.seqs, [3]);
  // No new readout was ever in one message with the stuck one.
  assert(attempts.slice(1).every(({ seqs }) => seqs.length === 1));
});

Deno.test("DeliveryLedger gives nothing up while nothing else is confirmed on the same connection", () => {
  const world = new World();
  world.put(2);
  world.runUntil(MINUTE, (seqs) => seqs.filter((seq) => seq !== 1));
  for (let i = 0; i < 50; i++) {
    world.reconnect();
    world.runUntil(world.now + HOUR, confirmsNothing);
  }
  assertEquals([...world.rows], [1]);
});

Deno.test("DeliveryLedger finds the readout that spoils its whole message, with no other traffic to help", () => {
  const world = new World();
  world.put(100);
  world.runUntil(12 * HOUR, (seqs) => seqs.includes(42) ? [] : seqs);
  assertEquals(world.released.size, 99);
  assertEquals([...world.rows, ...world.parked], [42]);
});

Deno.test("DeliveryLedger gets everything else past a readout that ends the connection", () => {
  const world = new World();
  world.put(1_000);
  const server = (seqs: number[]) => seqs.includes(700) ? null : seqs;
  for (let hour = 1; hour <= 12; hour++) {
    world.runUntil(hour * HOUR, server);
    world.put(1);
  }
  assertEquals(world.released.size, 999 + 11);
  assertEquals([...world.parked], [700]);
});

Deno.test("DeliveryLedger delivers to a broker that takes only small messages", () => {
  const world = new World();
  world.put(2_000);
  world.runUntil(6 * HOUR, (seqs) => seqs.length > 40 ? null : seqs);
  assertEquals([world.released.size, world.parked.size], [2_000, 0]);
});

Deno.test("DeliveryLedger does not let stuck readouts fill the window", () => {
  const world = new World({ window: 100, messageReadouts: 50 });
  world.put(100);
  const server = (seqs: number[]) => seqs.filter((seq) => seq > 100);
  world.runUntil(MINUTE, server);
  for (let i = 1; i <= 60; i++) {
    world.put(10);
    world.runUntil(HOUR + i * MINUTE, server);
  }
  assert([...world.rows].every((seq) => seq <= 100));
  assertEquals(world.released.size, 600);
});

Deno.test("DeliveryLedger sends again together what travelled together", () => {
  const world = new World();
  world.put(1_000);
  world.runUntil(15_000, confirmsNothing);
  assertEquals(world.messages.slice(0, 2).map(({ seqs }) => seqs.length), [500, 500]);
  world.runUntil(2 * MINUTE, confirmsAll);
  assertEquals(world.released.size, 1_000);
  assert(world.messages.length <= 6, `${world.messages.length} messages`);
});

Deno.test("DeliveryLedger gives up each of several stuck readouts, one by one", () => {
  const world = new World();
  const stuck = [2, 3, 5, 8];
  world.put(10);
  for (let minute = 1; minute <= 300; minute++) {
    world.runUntil(minute * MINUTE, (seqs) => seqs.filter((seq) => !stuck.includes(seq)));
    world.put(1);
  }
  assertEquals([...world.parked].sort((a, b) => a - b), stuck);
  assertEquals(world.released.size, 6 + 299);
});

Deno.test("DeliveryLedger does not hold a connection's end against a readout for what an earlier one confirmed", () => {
  const world = new World();
  world.put(30);
  for (let i = 1; i <= 15; i++) {
    const first = world.publish();
    assert(first !== null);
    world.ledger.acknowledged(first, world.now);
    world.reconnect();
    // Confirmed late, on a connection that has not carried it; then that one ends with a message on its way.
    world.confirm([i]);
    world.now += HOUR;
    assert(world.publish() !== null);
    world.reconnect();
    world.now += HOUR;
  }
  assertEquals([...world.parked], []);
});

Deno.test("DeliveryLedger lets live readouts pass a backlog at once, and drains that at its rate", () => {
  const world = new World();
  world.put(20_000);
  const live: number[] = [];
  for (let minute = 1; minute <= 3; minute++) {
    world.runUntil(minute * MINUTE - 1_000, confirmsAll);
    world.put(1);
    assertEquals(world.publish(), [20_000 + minute], "it is the very next message");
    world.ledger.acknowledged([20_000 + minute], world.now);
    world.confirm([20_000 + minute]);
    live.push(20_000 + minute);
  }
  const drained = world.released.size - live.length;
  assert(17_000 <= drained && drained <= 18_500, `${drained} in three minutes at 6,000 a minute`);
  world.runUntil(10 * MINUTE, confirmsAll);
  assertEquals(world.rows.size, 0);
  const sent = world.messages.flatMap(({ seqs }) => seqs);
  assertEquals(sent.length, new Set(sent).size, "nothing was sent twice");
});

Deno.test("DeliveryLedger keeps room in its window for live readouts while the confirmations of a backlog are slow", () => {
  const world = new World();
  world.put(5_000);
  // A server that takes its time, but less than it may.
  const waiting: { at: number; seqs: number[] }[] = [];
  for (let second = 1; second <= 120; second++) {
    world.runUntil(second * 1_000, (seqs) => {
      waiting.push({ at: world.now + 4_000, seqs });
      return [];
    });
    for (const { seqs } of waiting.filter(({ at }) => at <= world.now)) world.confirm(seqs);
    waiting.splice(0, waiting.findLastIndex(({ at }) => at <= world.now) + 1);
    if (second % 10 !== 0) continue;
    world.put(50);
    const newest = Math.max(...world.rows);
    assert(world.publish()?.includes(newest), "live readouts go at once");
    world.reconnect();
  }
});

type Action =
  | { type: "put"; count: number }
  | { type: "publish" }
  | { type: "acknowledge" }
  | { type: "process" }
  | { type: "confirm"; pick: number; twice: boolean }
  | { type: "lose"; pick: number }
  | { type: "drop" }
  | { type: "wait"; ms: number };

const action: fc.Arbitrary<Action> = fc.oneof(
  fc.record({ type: fc.constant("put" as const), count: fc.integer({ min: 1, max: 12 }) }),
  fc.record({ type: fc.constant("publish" as const) }),
  fc.record({ type: fc.constant("acknowledge" as const) }),
  fc.record({ type: fc.constant("process" as const) }),
  fc.record({ type: fc.constant("confirm" as const), pick: fc.nat(), twice: fc.boolean() }),
  fc.record({ type: fc.constant("lose" as const), pick: fc.nat() }),
  fc.record({ type: fc.constant("drop" as const) }),
  fc.record({ type: fc.constant("wait" as const), ms: fc.integer({ min: 1, max: 20 * MINUTE }) }),
);

Deno.test("DeliveryLedger keeps its promises whatever is lost, doubled or reordered", () => {
  fc.assert(
    fc.property(
      fc.array(action, { minLength: 20, maxLength: 150, size: "max" }),
      fc.integer(),
      fc.uniqueArray(fc.integer({ min: 1, max: 40 }), { maxLength: 3 }),
      fc.boolean(),
      (actions, seed, poison, spoils) => {
        const world = new World({ window: 30, messageReadouts: 8 }, seed);
        const held = new Set<number>();
        let flying: number[] | null = null;
        const arrived: number[][] = [];
        let confirmations: number[][] = [];
        let confirmedHere = 0;
        const takes = (seqs: number[]) => {
          const good = seqs.filter((seq) => !poison.includes(seq));
          return spoils && good.length < seqs.length ? [] : good;
        };
        for (const step of actions) {
          const parkedBefore = world.parked.size;
          if (step.type === "put") world.put(step.count);
          else if (step.type === "wait") world.now += step.ms;
          else if (step.type === "publish" && flying === null) {
            flying = world.publish();
            if (flying !== null) arrived.push(flying);
          } else if (step.type === "acknowledge" && flying !== null) {
            world.ledger.acknowledged(flying, world.now);
            flying = null;
          } else if (step.type === "process") {
            const seqs = takes(arrived.shift() ?? []);
            for (const seq of seqs) held.add(seq);
            if (seqs.length > 0) confirmations.push(seqs);
          } else if (step.type === "confirm" && confirmations.length > 0) {
            const pick = step.pick % confirmations.length;
            world.confirm(confirmations[pick] ?? []);
            confirmedHere++;
            if (!step.twice) confirmations.splice(pick, 1);
          } else if (step.type === "lose" && confirmations.length > 0) {
            confirmations.splice(step.pick % confirmations.length, 1);
          } else if (step.type === "drop") {
            world.reconnect();
            flying = null;
            confirmations = [];
            if (confirmedHere === 0) assertEquals(world.parked.size, parkedBefore);
            confirmedHere = 0;
          }
          assert([...world.released].every((seq) => held.has(seq)), "released what no server holds");
          if (confirmedHere === 0 && step.type !== "drop") {
            assertEquals(world.parked.size, parkedBefore, "parked while nothing was confirmed");
          }
        }
        // From here on all is well but for the poison: everything that can be confirmed is released.
        world.reconnect();
        const before = world.messages.length;
        for (let hour = 0; hour < 8; hour++) {
          world.put(1);
          world.runUntil(world.now + HOUR, takes);
        }
        assert([...world.rows].every((seq) => poison.includes(seq)), "left something behind");
        assert(world.messages.length - before < 1_000, "sends too much");
      },
    ),
    { numRuns: 300 },
  );
});
