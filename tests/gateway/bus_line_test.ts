import { assert, assertEquals, assertLessOrEqual, assertRejects } from "@std/assert";
import { DeviceError, silentLog } from "@mbus-gateway/resource";
import { busLine, type BusLineOptions } from "../../gateway/bus_line.ts";
import { systemTimer, type Timer } from "../../gateway/clock.ts";
import { loadLibc } from "../../gateway/libc.ts";
import { MeterError } from "../../gateway/meter_bus.ts";
import { openSerialTransport } from "../../gateway/serial_transport.ts";
import { TransportClosed } from "../../gateway/transport.ts";
import { ptyPair } from "../fixtures/pty.ts";
import { type Fault, simulateBus } from "../simulator/mod.ts";
import { converter } from "./converter.ts";
import { scriptedSegment, telegram } from "./scripted_segment.ts";

// Stays open for the whole process, as in the gateway.
await loadLibc();

const QUICK = { next: () => 1, reset() {} };
const { signal } = new AbortController();

function bus(port: string, more: Partial<BusLineOptions["bus"]> = {}): BusLineOptions["bus"] {
  return { port, baudRate: 38_400, timeoutMs: 5_000, ...more };
}

Deno.test("busLine() reads on with an adapter that was pulled out in the middle of a telegram and has another name now", async () => {
  const folder = await Deno.realPath(await Deno.makeTempDir({ prefix: "mbus_plug_" }));
  try {
    let fault: Fault | null = null;
    const faults = ({ what }: { what: string }) => what === "telegram" ? fault : null;
    await using meters = simulateBus({ ledger: `${folder}/ledger.ndjson`, meters: 1, faults });
    const byId = `${folder}/by-id`;
    const link = `${byId}/usb-EXAMPLE_Level_Converter_A1B2C3`;
    await Deno.mkdir(byId);
    const folders = { byId, terminals: `${folder}/tty`, devices: "/dev" };

    const before = ptyPair();
    await Deno.symlink(before.path, link);
    const served = meters.serve(before);
    await using line = busLine({
      bus: bus(before.path), // the name that the system gave it when it was first plugged in
      timer: systemTimer,
      signal,
      log: silentLog,
      backoff: QUICK,
      open: ({ port, baudRate }, options) => openSerialTransport(port, { ...options, baudRate, folders }),
    });
    await (await line.master())?.readMeter("p1");

    fault = { kind: "unplug" };
    const reading = (await line.master())?.readMeter("p1");
    const reason = await assertRejects(() => reading ?? Promise.resolve(), TransportClosed);
    await served;
    await line.drop(reason);
    await Deno.remove(link);
    const waiting = line.master(); // looks for it again and again meanwhile

    fault = null;
    // The old name is taken at once, by an adapter that is another's.
    await using after = ptyPair();
    await using _other = ptyPair();
    const again = meters.serve(after);
    await Deno.symlink(after.path, link);
    const frames = await (await waiting)?.readMeter("p1");
    assertEquals(frames?.length, 1);
    await after.hangUp();
    await again;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("busLine() looks for a line that is gone at least every five seconds", async () => {
  const waits: number[] = [];
  const stop = new AbortController();
  const timer: Timer = {
    elapsed: () => 0,
    sleep(ms) {
      waits.push(ms);
      if (waits.length === 50) stop.abort();
      return Promise.resolve();
    },
  };
  await using line = busLine({
    bus: bus("/dev/ttyUSB_none"),
    timer,
    signal: stop.signal,
    log: silentLog,
    open: () => Promise.reject(new DeviceError("Cannot open /dev/ttyUSB_none: there is no such device")),
  });
  assertEquals(await line.master(), null);
  assertLessOrEqual(Math.max(...waits), 5_000);
});

Deno.test("a bus whose converter hangs for ever is cut off within its time-out, and the other bus goes on", async () => {
  const { line: hung, far } = await converter();
  await using segment = await scriptedSegment(
    Array.from({ length: 8 }, (_, index) => index % 2 ? [telegram()] : ["e5"]),
  );
  const options = { timer: systemTimer, signal, log: silentLog, backoff: QUICK };
  await using one = busLine({
    ...options,
    bus: bus("tcp://hung", { timeoutMs: 150, retries: 1 }),
    open: () => Promise.resolve(hung),
  });
  await using other = busLine({ ...options, bus: bus("tcp://quick"), open: () => Promise.resolve(segment.line) });
  let cutOff = false;
  const hanging = (async () => {
    const thrown = await assertRejects(async () => await (await one.master())?.readMeter("p1"), MeterError);
    assertEquals(thrown.code, "no_answer");
    cutOff = true;
  })();
  const master = await other.master();
  for (let round = 0; round < 3; round++) await master?.readMeter("p5");
  await hanging;
  assert(cutOff);
  await master?.readMeter("p5");
  await one.drop();
  far.close();
});
