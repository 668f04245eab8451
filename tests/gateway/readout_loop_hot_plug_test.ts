import { assert, assertEquals } from "@std/assert";
import { createLog } from "@mbus-gateway/resource";
import { systemClock, systemTimer } from "../../gateway/clock.ts";
import { createCounts } from "../../gateway/counts.ts";
import { loadLibc } from "../../gateway/libc.ts";
import { readoutLoop } from "../../gateway/readout_loop.ts";
import { openSpool } from "../../gateway/spool.ts";
import { pointLink, type PtyPair, ptyPair } from "../fixtures/pty.ts";
import { until } from "../fixtures/until.ts";
import { readLedger, simulateBus, type SimulatedBus } from "../simulator/mod.ts";

// Stays open for the whole process, as in the gateway.
await loadLibc();

/** Puts the adapter in, as a device that has not been there before. */
function plugIn(bus: SimulatedBus, link: string): { pty: PtyPair; served: Promise<void> } {
  const pty = ptyPair();
  pointLink(link, pty.path);
  return { pty, served: bus.serve(pty) };
}

Deno.test("readoutLoop() reads on within its backoff after the adapter was pulled out in the middle of a telegram", async () => {
  const folder = await Deno.realPath(await Deno.makeTempDir({ prefix: "mbus_hot_plug_" }));
  const ledger = `${folder}/ledger.ndjson`;
  try {
    let pulls = 0;
    const faults = ({ what }: { what: string }) =>
      what === "telegram" && pulls > 0 && pulls-- > 0 ? { kind: "unplug" as const } : null;
    await using bus = simulateBus({ ledger, meters: 2, faults });
    using spool = openSpool(`${folder}/spool.db`);
    const lines: string[] = [];
    const stop = new AbortController();
    const link = `${folder}/usb-EXAMPLE_Level_Converter_A1B2C3`;
    let plugged = plugIn(bus, link);
    const reading = readoutLoop({
      gateway: "GW-0001",
      bus: {
        name: "main",
        port: link,
        baudRate: 38_400,
        intervalMs: 200,
        timeoutMs: 5_000,
        meters: [{ address: "p1" }, { address: "p2" }],
      },
      spool,
      counts: createCounts(),
      clock: systemClock(),
      timer: systemTimer,
      log: createLog({ write: (line) => lines.push(line) }),
      onTaken: () => {},
      stop: stop.signal,
      abort: stop.signal,
    });
    for (let round = 1; round <= 2; round++) {
      const before = spool.status().depth;
      await until("both meters are read", () => spool.status().depth >= before + 2);
      pulls = 1;
      await plugged.served;
      await plugged.pty.hangUp();
      pointLink(link, null);
      await until(
        "it is missed",
        () => lines.filter((line) => line.includes("there is no such device")).length >= round,
      );
      plugged = plugIn(bus, link);
    }
    const before = spool.status().depth;
    await until("both are read again", () => spool.status().depth >= before + 2);
    stop.abort();
    await reading;
    await plugged.pty.hangUp();
    await plugged.served;
    // Half a telegram was never taken for a whole one.
    const answers = new Set([...readLedger(ledger).values()].map(({ frames }) => frames.join()));
    const taken = spool.peek({ limit: 1_000 }).map(({ frames }) => frames.map((frame) => frame.toHex()).join());
    assert(taken.every((frames) => answers.has(frames)));
    assertEquals(new Set(taken).size, taken.length);
    assertEquals(lines.filter((line) => line.includes("The bus is open again")).length, 2);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
