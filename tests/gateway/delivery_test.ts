import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { createLog } from "@mbus-gateway/resource";
import { createCounts } from "../../gateway/counts.ts";
import { createDelivery, type DeliveryOptions } from "../../gateway/delivery.ts";
import { openSpool, type TakenReadout } from "../../gateway/spool.ts";
import { manualTime } from "../fixtures/manual_time.ts";
import { CONFIRM_TOPIC, confirmationOf, confirmsTo, ScriptedBroker } from "./scripted_broker.ts";

function taken(address: string, bytes = 20): TakenReadout {
  const frames = [new Uint8Array(bytes).fill(0x68)];
  return { bus: "main", address, readAt: "2026-01-31T11:59:58.123Z", clock: "trusted", frames };
}

/** A spool of its own, a broker, time by hand, and a delivery between them. */
async function scene(
  body: (scene: ReturnType<typeof build>) => Promise<void>,
  options: Partial<DeliveryOptions> = {},
) {
  const folder = await Deno.makeTempDir();
  try {
    using spool = openSpool(`${folder}/spool.db`);
    await body(build(spool, options));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function build(spool: ReturnType<typeof openSpool>, options: Partial<DeliveryOptions>) {
  const time = manualTime();
  const counts = createCounts();
  const broker = new ScriptedBroker();
  const lines: string[] = [];
  const log = createLog({ write: (line) => lines.push(line) });
  const { clock, timer } = time;
  const random = () => 0.5;
  const delivery = createDelivery({ spool, gateway: "GW-0001", counts, clock, timer, random, log, ...options });
  return { spool, time, counts, broker, delivery, lines, stop: new AbortController() };
}

Deno.test("Delivery.run() keeps at PUBACK and releases at the confirmation, and counts both", () =>
  scene(async ({ spool, time, counts, broker, delivery, stop }) => {
    spool.put(taken("p1"), taken("p2"), taken("p3"));
    const run = delivery.run(broker.connect(), stop.signal);
    await time.pass(0);
    assertEquals(broker.subscriptions, [CONFIRM_TOPIC]);
    assertEquals(broker.sequences, [[1, 2, 3]]);
    assertEquals(broker.received[0]?.epoch, spool.epoch);
    assertEquals(broker.received[0]?.sentAt, "2026-01-31T12:00:00.000Z");
    assertEquals([spool.status().depth, counts.read().sent, counts.read().held], [3, 1, 0]);
    const [message] = broker.received;
    assert(message !== undefined);
    delivery.onConfirmation(confirmationOf(message, [1, 3]));
    delivery.onConfirmation(confirmationOf(message, [3]));
    assertEquals(spool.peek({ limit: 9 }).map((readout) => readout.seq), [2]);
    assertEquals([counts.read().sent, counts.read().held], [1, 2]);
    stop.abort();
    await time.pass(10_000);
    assertEquals(await run, null);
  }));

Deno.test("Delivery.run() sends what is put while it waits, as soon as it is woken", () =>
  scene(async ({ spool, time, broker, delivery, stop }) => {
    broker.serve = confirmsTo(delivery);
    const run = delivery.run(broker.connect(), stop.signal);
    await time.pass(0);
    for (let round = 1; round <= 3; round++) {
      spool.put(taken("p1"));
      delivery.wake();
      await time.pass(0);
      assertEquals(broker.sequences, Array.from({ length: round }, (_, i) => [i + 1]));
    }
    assertEquals(spool.status().depth, 0);
    stop.abort();
    await time.pass(0);
    assertEquals(await run, null);
  }));

Deno.test("Delivery.run() compresses what is large, and says the content type", () =>
  scene(async ({ spool, time, broker, delivery, stop }) => {
    broker.serve = confirmsTo(delivery);
    spool.put(taken("p1"));
    const run = delivery.run(broker.connect(), stop.signal);
    await time.pass(0);
    spool.put(taken("p1", 250), taken("p2", 250), taken("p3", 250));
    delivery.wake();
    await time.pass(0);
    assertEquals(broker.contentTypes, ["application/json", "application/gzip"]);
    assertEquals(spool.status().depth, 0);
    stop.abort();
    await run;
  }));

Deno.test("Delivery.run() bounds messages by readouts and by bytes", () =>
  scene(async ({ spool, time, broker, delivery, stop }) => {
    broker.serve = confirmsTo(delivery);
    spool.put(...Array.from({ length: 5 }, () => taken("p1")), taken("p2", 2_000), taken("p3", 2_000), taken("p4"));
    const run = delivery.run(broker.connect(), stop.signal);
    await time.pass(60_000);
    assertEquals(broker.sequences, [[1, 2, 3, 4], [5], [6], [7], [8]]);
    stop.abort();
    await run;
  }, { limits: { messageReadouts: 4, messageBytes: 4_000 } }));

Deno.test("Delivery.run() sends again what stays unconfirmed, over the next connection too", () =>
  scene(async ({ spool, time, counts, broker, delivery, stop }) => {
    spool.put(taken("p1"));
    const first = delivery.run(broker.connect(), stop.signal);
    await time.pass(12_000);
    assertEquals(broker.sequences, [[1], [1]]);
    const reason = new Error("Cannot stay: the cable is out");
    broker.close(reason);
    await time.pass(0);
    assertEquals(await first, reason);
    broker.serve = confirmsTo(delivery);
    const second = delivery.run(broker.connect(), stop.signal);
    await time.pass(10_000);
    assertEquals(broker.sequences, [[1], [1], [1]]);
    assertEquals([spool.status().depth, counts.read().held, counts.read().sent], [0, 1, 3]);
    stop.abort();
    await second;
  }));

Deno.test("Delivery.run() sends little to a server that confirms nothing for a day", () =>
  scene(async ({ spool, time, broker, delivery, stop }) => {
    spool.put(...Array.from({ length: 50 }, (_, i) => taken(`p${i}`)));
    const run = delivery.run(broker.connect(), stop.signal);
    await time.pass(24 * 3_600_000);
    assert(broker.received.length < 24 * 12, `${broker.received.length} messages`);
    assertEquals(spool.status().parked, 0);
    const before = broker.received.length;
    spool.put(taken("p1"));
    delivery.wake();
    await time.pass(0);
    assertEquals(broker.sequences.slice(before), [[51]]);
    stop.abort();
    await time.pass(0);
    // A server that is away is not waited for.
    assertEquals(await run, null);
  }));

Deno.test("Delivery.run() parks what stays unconfirmed while the rest is confirmed, and says so", () =>
  scene(async ({ spool, time, broker, delivery, lines, stop }) => {
    broker.serve = (payload) => {
      const good = payload.readouts.filter((readout) => readout.address !== "p13").map((readout) => readout.seq);
      delivery.onConfirmation(confirmationOf(payload, good));
    };
    spool.put(taken("p13"), taken("p1"));
    const run = delivery.run(broker.connect(), stop.signal);
    for (let minute = 0; minute < 120; minute++) {
      await time.pass(60_000);
      spool.put(taken("p1"));
      delivery.wake();
    }
    await time.pass(0);
    assertEquals(spool.status(), { depth: 0, oldest: null, newest: null, parked: 1, dropped: 0, salvaged: 0 });
    assertEquals(spool.parked(9).map(({ seq, code }) => [seq, code]), [[1, "unconfirmed"]]);
    assert(lines.some((line) => line.includes("they are parked") && line.includes("[[1,1]]")), lines.join("\n"));
    stop.abort();
    await run;
  }));

Deno.test("Delivery.onConfirmation() parks what the server refuses, with its reason", () =>
  scene(async ({ spool, time, broker, delivery, lines, stop }) => {
    broker.serve = (payload) => {
      const refused = [{ seq: 2, code: "readout_too_large", reason: "It has more values than a meter can" }];
      delivery.onConfirmation(confirmationOf(payload, [1], refused));
    };
    spool.put(taken("p1"), taken("p2"));
    const run = delivery.run(broker.connect(), stop.signal, { quietMs: 60_000 });
    await time.pass(0);
    assertEquals(await run, null);
    assertEquals(spool.parked(9).map(({ seq, code, reason }) => [seq, code, reason]), [
      [2, "readout_too_large", "It has more values than a meter can"],
    ]);
    assertStringIncludes(lines.join("\n"), "The server refuses readouts: they are parked");
    assertEquals(broker.sequences, [[1, 2]]);
  }));

Deno.test("Delivery.onConfirmation() changes nothing for another gateway, an earlier spool or rubbish", () =>
  scene(({ spool, counts, delivery, lines }) => {
    spool.put(taken("p1"));
    const mine = { gateway: "GW-0001", epoch: spool.epoch, sentAt: "2026-01-31T12:00:00.000Z", readouts: [], bad: [] };
    delivery.onConfirmation(confirmationOf({ ...mine, gateway: "GW-0002" }, [1]));
    delivery.onConfirmation(confirmationOf({ ...mine, epoch: crypto.randomUUID() }, [1]));
    delivery.onConfirmation(new TextEncoder().encode("{"));
    assertEquals([spool.status().depth, counts.read().held], [1, 0]);
    assertStringIncludes(lines.join("\n"), "Cannot use a confirmation");
    delivery.onConfirmation(confirmationOf(mine, [1]));
    assertEquals([spool.status().depth, counts.read().held], [0, 1]);
    return Promise.resolve();
  }));

Deno.test("Delivery.run() takes a confirmation that comes before the broker's acknowledgement", () =>
  scene(async ({ spool, time, counts, broker, delivery, stop }) => {
    spool.put(taken("p1"));
    broker.acknowledge = () => {
      const early = { gateway: "GW-0001", epoch: spool.epoch, sentAt: "", readouts: [], bad: [] };
      delivery.onConfirmation(confirmationOf(early, [1]));
      return Promise.resolve();
    };
    const run = delivery.run(broker.connect(), stop.signal, { quietMs: 60_000 });
    await time.pass(0);
    assertEquals(await run, null);
    assertEquals([counts.read().sent, counts.read().held], [1, 1]);
  }));

Deno.test("Delivery.run() waits a moment for what is on its way when it is stopped", () =>
  scene(async ({ spool, time, broker, delivery, stop }) => {
    const puback = Promise.withResolvers<void>();
    broker.acknowledge = () => puback.promise;
    spool.put(taken("p1"));
    const run = delivery.run(broker.connect(), stop.signal);
    await time.pass(0);
    stop.abort();
    spool.put(taken("p2"));
    delivery.wake();
    await time.pass(1_000);
    puback.resolve();
    await time.pass(500);
    // Nothing new begins after the stop.
    assertEquals(broker.sequences, [[1]]);
    const [message] = broker.received;
    assert(message !== undefined);
    delivery.onConfirmation(confirmationOf(message));
    await time.pass(0);
    assertEquals(await run, null);
    assertEquals(spool.peek({ limit: 9 }).map((readout) => readout.seq), [2]);
  }));

Deno.test("Delivery.run() does not wait long when it is stopped", async (t) => {
  await t.step("without an acknowledgement", () =>
    scene(async ({ spool, time, broker, delivery, stop }) => {
      broker.acknowledge = () => new Promise(() => {});
      spool.put(taken("p1"));
      const run = delivery.run(broker.connect(), stop.signal);
      await time.pass(0);
      stop.abort();
      await time.pass(4_000);
      assertEquals(await run, null);
    }));
  await t.step("without a confirmation", () =>
    scene(async ({ spool, time, broker, delivery, stop }) => {
      spool.put(taken("p1"));
      const run = delivery.run(broker.connect(), stop.signal);
      await time.pass(0);
      stop.abort();
      await time.pass(2_000);
      assertEquals(await run, null);
    }));
});

Deno.test("Delivery.run() gives up a broker that acknowledges nothing", () =>
  scene(async ({ spool, time, counts, broker, delivery, stop }) => {
    broker.acknowledge = () => new Promise(() => {});
    spool.put(taken("p1"));
    const run = delivery.run(broker.connect(), stop.signal);
    await time.pass(60_000);
    assertEquals((await run)?.message, "Cannot deliver: the broker acknowledged nothing within 60 s");
    assertEquals([spool.status().depth, counts.read().sent], [1, 0]);
  }));

Deno.test("Delivery.run() sends smaller messages to a broker that refuses large ones, and never in a hurry", () =>
  scene(async ({ spool, time, counts, broker, delivery, stop }) => {
    let refused = 0;
    let size = 0;
    const session = broker.connect();
    const publish = session.publish;
    session.publish = (name, payload, options) => {
      size = payload.length;
      if (size <= 700) return publish(name, payload, options);
      refused++;
      return Promise.reject(new Error("Cannot publish: too large"));
    };
    broker.serve = confirmsTo(delivery);
    const frames = () => [crypto.getRandomValues(new Uint8Array(200))];
    spool.put(...Array.from({ length: 40 }, () => ({ ...taken("p1"), frames: frames() })));
    const run = delivery.run(session, stop.signal, { quietMs: 3_600_000 });
    await time.pass(3_600_000);
    assertEquals(await run, null);
    assertEquals([spool.status().depth, counts.read().held], [0, 40]);
    assert(refused > 0 && refused < 100, `${refused} refused`);
  }));

Deno.test("Delivery.run() fails when the spool does, once", () =>
  scene(async ({ spool, time, broker, delivery, stop }) => {
    spool.put(taken("p1"));
    const run = delivery.run(broker.connect(), stop.signal);
    const failed = assertRejects(() => run, Error, "Cannot release readouts");
    await time.pass(0);
    const [message] = broker.received;
    assert(message !== undefined);
    spool[Symbol.dispose]();
    delivery.onConfirmation(confirmationOf(message));
    await time.pass(0);
    await failed;
    broker.acknowledge = () => Promise.reject(new Error("not reached"));
    await assertRejects(() => delivery.run(broker.connect(), stop.signal), Error, "Cannot read the spool");
  }));

Deno.test("Delivery.run() refuses to run twice at once", () =>
  scene(async ({ time, broker, delivery, stop }) => {
    const run = delivery.run(broker.connect(), stop.signal);
    await assertRejects(() => delivery.run(broker.connect(), stop.signal), Error, "runs over another session already");
    stop.abort();
    await time.pass(0);
    assertEquals(await run, null);
  }));

/** A gateway that has taken a readout in 1970, and delivers to a server that confirms. */
async function in1970(body: (scene: Omit<ReturnType<typeof build>, "stop" | "delivery">) => Promise<void>) {
  const folder = await Deno.makeTempDir();
  try {
    const time = manualTime("1970-01-01T00:00:00.000Z");
    time.trust(false);
    using spool = openSpool(`${folder}/spool.db`, { ...time });
    const { delivery, broker, stop, ...scene } = build(spool, { ...time });
    broker.serve = confirmsTo(delivery);
    spool.put({ ...taken("p1"), readAt: "1970-01-01T00:00:00.000Z", clock: "untrusted" });
    const run = delivery.run(broker.connect(), stop.signal);
    await body({ ...scene, broker, time });
    stop.abort();
    await time.pass(0);
    await run;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("Delivery.run() keeps back what waits for the true time, and sends it corrected once that is known", () =>
  in1970(async ({ spool, time, broker }) => {
    await time.pass(3_600_000);
    assertEquals(broker.received, []);
    time.step(Date.parse("2026-01-31T13:00:00.000Z") - time.clock.now().getTime());
    time.trust(true);
    while (spool.tend());
    await time.pass(60_000);
    const [readout] = broker.received.flatMap(({ readouts }) => readouts);
    assertEquals(
      [readout?.readAt, readout?.clock, readout?.correctedReadAt],
      ["1970-01-01T00:00:00.000Z", "untrusted", "2026-01-31T12:00:00.000Z"],
    );
    assertEquals(spool.status().depth, 0);
  }));

Deno.test("Delivery.run() sends what waits for the true time as it is when a day has passed without it", () =>
  in1970(async ({ time, broker }) => {
    await time.pass(86_400_000 + 120_000);
    const [readout] = broker.received.flatMap(({ readouts }) => readouts);
    assertEquals([readout?.clock, readout?.correctedReadAt], ["untrusted", undefined]);
  }));
