import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { createLog, DeviceError, fullJitterBackoff } from "@mbus-gateway/resource";
import { availabilityBoard } from "../../gateway/availability.ts";
import { BusAway, busDesk } from "../../gateway/bus_desk.ts";
import { systemClock, systemTimer } from "../../gateway/clock.ts";
import { createCounts } from "../../gateway/counts.ts";
import { readoutLoop, type ReadoutLoopOptions } from "../../gateway/readout_loop.ts";
import { openSpool, type Spool } from "../../gateway/spool.ts";
import { openTransport } from "../../gateway/transport.ts";
import { manualTime } from "../fixtures/manual_time.ts";
import { until } from "../fixtures/until.ts";
import { simulateBus, type SimulateBusOptions, type SimulatedBus } from "../simulator/mod.ts";
import { addressOf } from "./virtual_bus.ts";

interface Scene {
  folder: string;
  bus: SimulatedBus;
  spool: Spool;
  counts: ReturnType<typeof createCounts>;
  lines: string[];
  stop: AbortController;
  abort: AbortController;
  /** Starts the loop over these meters; both its end and `stop` are the test's. */
  run(meters: string[], options?: Partial<ReadoutLoopOptions>): Promise<void>;
}

/** A simulated segment of three meters, a spool, and a loop between them. */
async function scene(
  body: (scene: Scene) => Promise<void>,
  options: { simulator?: Partial<SimulateBusOptions>; maxBytes?: number; intervalMs?: number } = {},
) {
  const folder = await Deno.makeTempDir({ prefix: "mbus_loop_" });
  try {
    const counts = createCounts();
    await using bus = simulateBus({ ledger: `${folder}/ledger`, meters: 3, baudRate: 38_400, ...options.simulator });
    using spool = openSpool(`${folder}/spool.db`, { counts, maxBytes: options.maxBytes });
    const lines: string[] = [];
    const stop = new AbortController();
    const abort = new AbortController();
    const running: Promise<void>[] = [];
    const run = (meters: string[], more: Partial<ReadoutLoopOptions> = {}) => {
      const loop = readoutLoop({
        gateway: "GW-0001",
        bus: {
          name: "main",
          port: bus.url,
          baudRate: 38_400,
          intervalMs: options.intervalMs ?? 50,
          timeoutMs: 100,
          retries: 0,
          meters: meters.map((address) => ({ address })),
        },
        spool,
        counts,
        clock: systemClock(),
        timer: systemTimer,
        log: createLog({ write: (line) => lines.push(line) }),
        onTaken: () => {},
        stop: stop.signal,
        abort: abort.signal,
        backoff: fullJitterBackoff({ baseMs: 10, maxMs: 10 }),
        ...more,
      });
      running.push(loop);
      return loop;
    };
    await using _ = {
      async [Symbol.asyncDispose]() {
        stop.abort();
        await Promise.all(running);
      },
    };
    await body({ folder, bus, spool, counts, lines, stop, abort, run });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("readoutLoop() takes one readout of each meter in each round, and says so at each", () =>
  scene(async ({ bus: { url: port }, spool, counts, stop, run }) => {
    let taken = 0;
    const meters = ["p1", "p2", "p3"].map((address) => ({ address }));
    // Patient: on a busy machine a meter is silent for longer than it should.
    const bus = { name: "main", port, baudRate: 38_400, intervalMs: 500, timeoutMs: 10_000, meters };
    await run([], { bus, onTaken: () => ++taken === 6 && stop.abort() });
    const readouts = spool.peek({ limit: 10 });
    assertEquals(readouts.map(({ address }) => address), ["p1", "p2", "p3", "p1", "p2", "p3"]);
    assertEquals(counts.read(), { taken: 6, failed: 0, sent: 0, held: 0 });
  })); // a round takes less than the interval, on a busy machine too

Deno.test("readoutLoop() opens its line again after a converter was away, and reports both once", () =>
  scene(async ({ folder, bus: { url }, spool, counts, lines, stop, run }) => {
    const simulator = { ledger: `${folder}/ledger-of-another`, meters: 3, baudRate: 38_400 };
    const meters = [{ address: "p1" }, { address: "p2" }];
    const bus = { name: "main", port: "", baudRate: 38_400, intervalMs: 500, timeoutMs: 100, meters };
    let port: number;
    {
      await using converter = simulateBus(simulator);
      port = converter.port;
      run([], { bus: { ...bus, port: url.replace(/\d+$/, String(port)) } });
      await until("a round is read", () => spool.status().depth >= 2);
    }
    await until("it is missed", () => lines.length > 0 && counts.read().failed > 0);
    const before = spool.status().depth;
    await using _converter = simulateBus({ ...simulator, port });
    await until("it is read again", () => spool.status().depth >= before + 2);
    stop.abort();
    const again = lines.findIndex((line) => line.includes("The bus is open again"));
    // The line broke, and then it could not be opened: no more than two things to say, however many tries it took.
    assert(1 <= again && again <= 2 && lines.length === again + 1, lines.join("\n"));
  }));

Deno.test("readoutLoop() reads on while the disk is full, and keeps readouts again when there is room", () =>
  scene(async ({ spool, counts, lines, run }) => {
    run(["p1", "p2", "p3"]);
    const refusals = () => lines.filter((line) => line.includes("full"));
    await until("it is full", () => refusals().length > 0);
    const before = counts.read().failed;
    await until("more is refused", () => counts.read().failed >= before + 3);
    const full = spool.status().depth;
    assertEquals(counts.read().taken, full);
    // A short readout may still have found room where a long one had none; but not each refusal is said.
    assert(refusals().length < counts.read().failed, lines.join("\n"));
    spool.release([[1, full]]);
    await until("there is room", () => spool.status().depth >= 3);
    assertStringIncludes(lines.join("\n"), "Readouts are kept again");
  }, { maxBytes: 40_960 }));

/** Opens lines on which `act` is called before each request. */
function atEachRequest(act: (bytes: Uint8Array) => void): typeof openTransport {
  return async (bus, options) => {
    const line = await openTransport(bus, options);
    return {
      name: line.name,
      read: (timeoutMs, signal) => line.read(timeoutMs, signal),
      write(bytes) {
        act(bytes);
        return line.write(bytes);
      },
      [Symbol.asyncDispose]: () => line[Symbol.asyncDispose](),
    };
  };
}

Deno.test("readoutLoop() finishes the meter that is being read when it is asked to stop", () =>
  scene(async ({ spool, stop, run }) => {
    await run(["p1", "p2", "p3"], { open: atEachRequest(() => stop.abort()) });
    assertEquals(spool.peek({ limit: 9 }).map(({ address }) => address), ["p1"]);
  }));

Deno.test("readoutLoop() leaves a meter that does not answer when it must end at once", () =>
  scene(async ({ bus: { url: port }, spool, counts, stop, abort, run }) => {
    const meters = [{ address: "p9" }, { address: "p1" }];
    const bus = { name: "main", port, baudRate: 38_400, intervalMs: 50, timeoutMs: 60_000, meters };
    const open = atEachRequest(() => {
      stop.abort();
      abort.abort();
    });
    await run([], { bus, open });
    assertEquals([spool.status().depth, counts.read().failed], [0, 0]);
  }));

Deno.test("readoutLoop() takes a new line after a round in which nobody answered", () =>
  scene(async ({ counts, lines, stop, run }) => {
    let opened = 0;
    run(["p8", "p9"], {
      open: (bus, options) => {
        opened++;
        return openTransport(bus, options);
      },
    });
    await until("three lines were tried", () => opened >= 3);
    stop.abort();
    assert(counts.read().failed >= 4);
    // Each meter is reported once, the line never: it could be opened.
    assertEquals(lines.filter((line) => line.includes("Cannot")).length, 2, lines.join("\n"));
  }));

Deno.test("readoutLoop() says that its meters are offline once their line has been away for a minute", () =>
  scene(async ({ stop, run }) => {
    const { clock, timer, pass } = manualTime();
    const board = availabilityBoard();
    const backoff = fullJitterBackoff({ baseMs: 5_000, maxMs: 5_000, random: () => 1 });
    run(["p1", "p2"], {
      ...{ board, clock, timer, backoff },
      open: () => Promise.reject(new DeviceError("Cannot open it: it is not there")),
    });
    await pass(55_000);
    assertEquals(board.list(), [], "an adapter that is being plugged in");
    await pass(10_000);
    assertEquals(board.list().map(({ address, state }) => `${address} ${state}`), ["p1 offline", "p2 offline"]);
    stop.abort();
  }));

Deno.test("readoutLoop() lets a dead meter among fifty cost the others nothing, and tries it again by itself", () =>
  scene(async ({ spool, stop, run }) => {
    const board = availabilityBoard();
    const changes: string[] = [];
    using _ = board.onChange(({ address, state }) => changes.push(`${address} ${state}`));
    let tries = 0;
    const open = atEachRequest(([start, , address]) => {
      if (start === 0x10 && address === 200) tries++;
    });
    const others = Array.from({ length: 49 }, (_, index) => `p${index + 1}`);
    run([...others.slice(0, 20), "p200", ...others.slice(20)], { board, open });
    await until("more than two rounds are read", () => spool.status().depth >= 120);
    stop.abort();
    const dead = board.list().find(({ address }) => address === "p200");
    assertEquals([dead?.state, dead?.lastReadAt], ["offline", null]);
    assertEquals(changes.filter((change) => change.startsWith("p200")), ["p200 offline"]);
    // The rounds follow each other without a pause, and it is in none of them but the first.
    assertEquals(tries, 1);
  }, { simulator: { meters: 49 } }));

Deno.test("readoutLoop() tries a dead meter between the rounds, after growing waits", () =>
  scene(async ({ bus: { url: port }, spool, stop, run }) => {
    const triedAt: number[] = [];
    const open = atEachRequest(([start, , address]) => {
      if (start === 0x10 && address === 9) triedAt.push(spool.status().depth);
    });
    const meters = [{ address: "p1" }, { address: "p9", retries: 2 }];
    run([], { open, bus: { name: "main", port, baudRate: 38_400, intervalMs: 200, timeoutMs: 100, meters } });
    await until("it was tried again and again", () => triedAt.length >= 5);
    stop.abort();
    // Three tries in the first round, then one at a time, with readings of the other in between.
    assertEquals(triedAt.slice(0, 3), [1, 1, 1]);
    const [, , first = 0, second = 0, third = 0] = triedAt;
    assert(first < second && second < third, triedAt.join());
  }));

Deno.test("readoutLoop() does a job between two meters, and reads on after it", () =>
  scene(async ({ spool, stop, run }) => {
    const desk = busDesk(["main"], systemTimer);
    const done = run(["p1", "p2"], { counter: desk.counter("main") });
    await until("it reads", () => spool.status().depth >= 2);
    let before = 0;
    const { signal } = new AbortController();
    const frames = await desk.ask("main", async (master) => {
      before = spool.status().depth;
      const frames = await master.readMeter("p3");
      assertEquals(spool.status().depth, before, "the bus is the job's alone");
      return frames;
    }, signal);
    assertEquals(frames.length > 0, true);
    await until("it reads on", () => spool.status().depth >= before + 4);
    assert(spool.peek({ limit: 1_000 }).every(({ address }) => address !== "p3"));
    stop.abort();
    await done;
    await assertRejects(() => desk.ask("main", () => Promise.resolve(1), signal), BusAway);
  }));

Deno.test("readoutLoop() reads in the middle of a scan, which finds its meters all the same", () =>
  scene(async ({ bus: { meters, url: port }, spool, stop, run }) => {
    const desk = busDesk(["main"], systemTimer);
    const bus = { name: "main", port, baudRate: 38_400, intervalMs: 500, timeoutMs: 150, retries: 2 };
    run([], { bus: { ...bus, meters: [{ address: "p1" }, { address: "p2" }] }, counter: desk.counter("main") });
    await until("it reads", () => spool.status().depth >= 2);
    const before = spool.status().depth;
    const scan = (signal: AbortSignal) =>
      desk.ask(
        "main",
        (master, signal, passage) => master.scan({ space: "secondary", passage }, signal),
        signal,
      );
    const report = await scan(new AbortController().signal);
    assertEquals(report.meters.map(({ address }) => address).sort(), meters.map(addressOf).sort());
    assert(report.passedSeconds > 0, "nobody passed it");
    const during = spool.status().depth - before;
    assert(during >= 6, `${during} readouts in ${report.seconds} s`);
    assert(spool.peek({ limit: 1_000 }).every(({ address }) => address === "p1" || address === "p2"));
    // And reads on after one that was cancelled.
    const asker = new AbortController();
    const cancelled = assertRejects(() => scan(asker.signal), Error, "enough");
    const begun = spool.status().depth;
    await until("a meter is read in the middle of it", () => spool.status().depth > begun);
    asker.abort(new Error("enough"));
    await cancelled;
    const ended = spool.status().depth;
    await until("it reads on", () => spool.status().depth >= ended + 4);
    stop.abort();
  }, { simulator: { meters: 2, population: "random" } }));

Deno.test("readoutLoop() beats while it reads, while it has nothing to do and while its line is missing", () =>
  scene(async ({ spool, stop, run, bus: { url: port } }) => {
    const beats = new Map<string, number>();
    const pulse = { beat: (part: string) => void beats.set(part, (beats.get(part) ?? 0) + 1) };
    run(["p1"], { pulse });
    const missing = { name: "cellar", port, baudRate: 38_400, intervalMs: 50, meters: [{ address: "p1" }] };
    run([], { pulse, bus: missing, open: () => Promise.reject(new DeviceError("Cannot open it: it is not there")) });
    await until("it reads", () => spool.status().depth >= 3);
    await until("both beat", () => (beats.get("bus main") ?? 0) >= 5 && (beats.get("bus cellar") ?? 0) >= 5);
    stop.abort();
  }));

Deno.test("readoutLoop() of one bus hangs for ever and no other notices, and the hung one still ends", () =>
  scene(async ({ spool, stop, abort, run, bus: { url: port } }) => {
    const beats: string[] = [];
    const hung = { name: "hung", port, baudRate: 38_400, intervalMs: 50, meters: [{ address: "p1" }] };
    const stuck = run([], { bus: hung, open: hangs, pulse: { beat: (part) => void beats.push(part) } });
    run(["p1", "p2", "p3"]);
    await until("the other has read ten rounds", () => spool.status().depth >= 30);
    assert(spool.peek({ limit: 1_000 }).every(({ bus }) => bus === "main"));
    assertEquals(beats, ["bus hung"], "a hung bus has no pulse");
    stop.abort();
    abort.abort();
    await stuck;
  }));

/** A line that takes everything and never gives a sign of life, not even that its time is up. */
const hangs: typeof openTransport = () =>
  Promise.resolve({
    name: "a line that hangs",
    read: () => new Promise<null>(() => {}),
    write: () => Promise.resolve(),
    discard: () => {},
    [Symbol.asyncDispose]: () => Promise.resolve(),
  });

Deno.test("readoutLoop() keeps beside a readout what is noticed about it", () =>
  scene(async ({ spool, stop, run }) => {
    const flagsOf = (address: string) => address === "p2" ? ["implausible_jump"] : [];
    run(["p1", "p2"], { flagsOf, onTaken: () => spool.status().depth >= 2 && stop.abort() });
    await until("both are read", () => spool.status().depth >= 2);
    assertEquals(spool.peek({ limit: 2 }).map(({ flags }) => flags), [undefined, ["implausible_jump"]]);
  }));
