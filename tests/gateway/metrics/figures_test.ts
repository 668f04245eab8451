import { assertEquals } from "@std/assert";
import { availabilityBoard } from "../../../gateway/availability.ts";
import { createCounts } from "../../../gateway/counts.ts";
import { createLink } from "../../../gateway/link.ts";
import { figuresOf } from "../../../gateway/metrics/figures.ts";
import { openSpool } from "../../../gateway/spool.ts";
import { manualTime } from "../../fixtures/manual_time.ts";

Deno.test("figuresOf() tells what has happened, and for how long the oldest readout has waited", async () => {
  const folder = await Deno.makeTempDir({ prefix: "mbus_figures_" });
  try {
    const { clock, timer, pass, step } = manualTime();
    const counts = createCounts();
    const board = availabilityBoard();
    const link = createLink();
    {
      using spool = openSpool(`${folder}/spool.db`, { counts });
      const source = { gateway: "GW-0001", counts, spool, board, link, clock, timer, startedAt: timer.elapsed() };
      const figures = () => figuresOf({ ...source, residentBytes: () => 1 });
      assertEquals(figures().spool, { depth: 0, parked: 0, dropped: 0, salvaged: 0, oldestAgeSeconds: null });
      const readAt = clock.now().toISOString();
      spool.put({ bus: "main", address: "p5", readAt, clock: "trusted", frames: [Uint8Array.of(0xe5)] });
      counts.fail("no_answer");
      counts.add("failed");
      board.answered("main", "p5", readAt);
      board.silent("main", "p6", readAt);
      for (const connected of [true, false, true]) link.onConnected(connected);
      await pass(90_000);
      const { at: _at, software: _software, ...told } = figures();
      assertEquals(told, {
        gateway: "GW-0001",
        clock: "trusted",
        uptimeSeconds: 90,
        residentBytes: 1,
        broker: { connected: true, connections: 2 },
        meters: { online: 1, offline: 1 },
        spool: { depth: 1, parked: 0, dropped: 0, salvaged: 0, oldestAgeSeconds: 90 },
        counts: { taken: 1, failed: 2, sent: 0, held: 0 },
        failures: { no_answer: 1, other: 1 },
      });
      step(-3_600_000);
      assertEquals(figures().spool.oldestAgeSeconds, 0);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
