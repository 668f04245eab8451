import process from "node:process";
import { delay } from "@std/async";
import { silentLog } from "@mbus-gateway/resource";
import { busLine } from "../../gateway/bus_line.ts";
import { systemTimer } from "../../gateway/clock.ts";
import { loadLibc } from "../../gateway/libc.ts";
import { idleMs } from "../../gateway/link_timing.ts";
import { meterBus } from "../../gateway/meter_bus.ts";
import { stableJitterMs } from "../../gateway/schedule.ts";
import { openSerialTransport } from "../../gateway/serial_transport.ts";
import { openTransport, TransportClosed } from "../../gateway/transport.ts";
import { pointLink, ptyPair } from "../fixtures/pty.ts";
import { readingBus } from "../gateway/reading_bus.ts";
import { POPULATIONS, Segment, simulateBus, simulatedMeters } from "../simulator/mod.ts";
import { noLedger, virtualLine } from "../simulator/virtual_line.ts";
import { numberOption, readable, report } from "./report.ts";

const METERS = 250;
const NOON = Date.UTC(2026, 0, 31, 12);
const BAUD_RATE = 2400;

/**
 * What a bus costs: `--seconds=N` of an idle port (60), `--meters=N` of the scans (250).
 *
 * Scans run on a line whose time passes only while somebody waits: their seconds are the line's, at 2400 baud, and
 * depend on no computer.
 */
export async function benchBus(options: string[]): Promise<void> {
  await benchScans(numberOption(options, "meters", METERS));
  await benchScanBesideReading(numberOption(options, "meters", METERS));
  await benchTurnaround();
  await benchReplug();
  await benchIdle(numberOption(options, "seconds", 60));
}

async function benchScans(count: number) {
  for (const population of POPULATIONS) {
    for (const space of ["secondary", "primary"] as const) {
      const segment = new Segment(simulatedMeters(count, { population, now: NOON }), {
        ledger: noLedger(),
        now: () => NOON,
      });
      const line = virtualLine(segment, { baudRate: BAUD_RATE });
      const bus = meterBus(line, { baudRate: BAUD_RATE, elapsed: line.elapsed });
      const { meters, requests, seconds, lowerBound } = await bus.scan({ space });
      const found = `${meters.length} of ${count} meters`;
      const least = `${lowerBound.requests} requests, ${readable(lowerBound.seconds)} s`;
      const ratio = readable(seconds / lowerBound.seconds);
      report(
        `scan of ${space} addresses, ${population}, ${BAUD_RATE} baud`,
        `${found}: ${requests} requests, ${readable(seconds)} s; lower bound ${least}; × ${ratio}`,
      );
    }
  }
}

/** A scan of all meters while all of them are read every five minutes, which takes more than half of the time. */
async function benchScanBesideReading(count: number) {
  const intervalMs = 300_000;
  const jitterMs = stableJitterMs("GW-0001", "main", intervalMs);
  for (const population of POPULATIONS) {
    const { line, scan, turns, taken } = readingBus({ meters: count, population }, { intervalMs, read: count });
    while (await turns.next() === "read");
    const alone = taken.splice(0).map(({ at }) => at);
    const { meters, seconds, passedSeconds } = await scan({ space: "secondary" });
    const late = taken.map(({ at }, index) => {
      const slot = jitterMs + intervalMs * (1 + Math.floor(index / count));
      return at - slot - (alone[index % count] ?? 0);
    });
    report(
      `the same while all meters are read every 5 min, ${population}, ${BAUD_RATE} baud`,
      `${meters.length} of ${count} meters: ${readable(seconds)} s, and ${readable(passedSeconds)} s for reading; ` +
        `${taken.length} of ${count * Math.floor((line.elapsed() - jitterMs) / intervalMs)} due readouts taken, the ` +
        `latest ${readable(Math.max(0, ...late) / 1000)} s later than without a scan`,
    );
  }
}

/** From the last byte of an answer to the first of the next request, over a pseudo-terminal, in real time. */
async function benchTurnaround() {
  await loadLibc();
  for (const baudRate of [2400, 38_400]) {
    await using pty = ptyPair();
    await using line = await openTransport({ port: pty.path, baudRate });
    const bus = meterBus(line, { baudRate, timeoutMs: 5_000 });
    const pauses: number[] = [];
    let answeredAt = NaN;
    const answering = (async () => {
      for (let request = await pty.read(); request !== null; request = await pty.read()) {
        if (!Number.isNaN(answeredAt)) pauses.push(performance.now() - answeredAt);
        await pty.write(Uint8Array.of(0xe5));
        answeredAt = performance.now();
      }
    })();
    for (let round = 0; round < 100; round++) await bus.applicationReset("p1");
    await pty.hangUp();
    await answering;
    const sorted = pauses.sort((a, b) => a - b);
    const [median, p99] = [sorted[sorted.length >> 1], sorted[Math.floor(sorted.length * 0.99)]];
    report(
      `last byte of an answer to the next request, ${baudRate} baud`,
      `median ${readable(median ?? NaN)} ms, p99 ${readable(p99 ?? NaN)} ms; 33 bit times are ${
        readable(idleMs(baudRate))
      } ms`,
    );
  }
}

/** From an adapter's return under another name to the first telegram read over it, by the gateway's own waiting. */
async function benchReplug() {
  const folder = await Deno.realPath(await Deno.makeTempDir({ prefix: "mbus_replug_" }));
  const folders = { byId: `${folder}/by-id`, terminals: `${folder}/tty`, devices: "/dev" };
  await Deno.mkdir(folders.byId);
  const link = `${folders.byId}/usb-EXAMPLE_Level_Converter_A1B2C3`;
  await using meters = simulateBus({ ledger: `${folder}/ledger.ndjson`, meters: 1 });
  let pty = ptyPair();
  pointLink(link, pty.path);
  let serving = meters.serve(pty);
  const bus = {
    name: "main",
    port: pty.path,
    baudRate: BAUD_RATE,
    intervalMs: 1_000,
    timeoutMs: 1_000,
    meters: [{ address: "p1" }],
  };
  await using line = busLine({
    bus,
    timer: systemTimer,
    signal: new AbortController().signal,
    log: silentLog,
    open: ({ port, baudRate }, options) => openSerialTransport(port, { ...options, baudRate, folders }),
  });
  const took: number[] = [];
  await (await line.master())?.readMeter("p1");
  for (let round = 0; round < 5; round++) {
    pointLink(link, null);
    await pty.hangUp();
    await serving;
    await line.drop(new TransportClosed("Cannot use the line: the adapter was pulled out"));
    const waiting = line.master();
    await delay(3_000);
    pty = ptyPair();
    pointLink(link, pty.path);
    serving = meters.serve(pty);
    const back = performance.now();
    await (await waiting)?.readMeter("p1");
    line.works();
    took.push((performance.now() - back) / 1000);
  }
  await pty.hangUp();
  await serving;
  await Deno.remove(folder, { recursive: true });
  report("adapter back under another name until a telegram is read", `${took.map(readable).join(", ")} s`);
}

/** With the port open and nobody speaking, as a gateway is most of the time. */
async function benchIdle(seconds: number) {
  await using pty = ptyPair();
  await using _line = await openTransport({ port: pty.path, baudRate: BAUD_RATE });
  const used = async (work: () => Promise<unknown>) => {
    const before = process.cpuUsage();
    await work();
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1000;
  };
  const wait = () => new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  const ms = await used(wait);
  report(
    `processor over ${seconds} s with an open, silent serial port`,
    `${readable(ms)} ms (${readable(ms / seconds / 10)} %)`,
  );
}
