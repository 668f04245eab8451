import process from "node:process";
import { loadLibc } from "../../gateway/libc.ts";
import { idleMs } from "../../gateway/link_timing.ts";
import { meterBus } from "../../gateway/meter_bus.ts";
import { openTransport } from "../../gateway/transport.ts";
import { ptyPair } from "../fixtures/pty.ts";
import { POPULATIONS, Segment, simulatedMeters } from "../simulator/mod.ts";
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
  await benchTurnaround();
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
