import { assertEquals } from "@std/assert";
import type { MeterConfig } from "../../gateway/config.ts";
import { timetable } from "../../gateway/timetable.ts";
import { manualTime } from "../fixtures/manual_time.ts";

const MINUTE = 60_000;

Deno.test("timetable() reads each meter at its own interval or schedule, and else at the bus's", async () => {
  const time = manualTime("2026-01-31T11:50:30.000Z");
  const meters: MeterConfig[] = [
    { address: "p1" },
    { address: "p2", intervalMs: 60 * MINUTE },
    { address: "p3", schedule: "0 * * * *" },
    { address: "p4" },
  ];
  const bus = { name: "main", port: "tcp://localhost:1", baudRate: 2400, intervalMs: 15 * MINUTE, meters };
  const table = timetable({ gateway: "GW-0001", bus, ...time });
  assertEquals(table.take(), ["p1", "p2", "p4"]);
  assertEquals(table.take(), []);
  const seen: [minute: number, addresses: string[]][] = [];
  for (let minute = 1; minute <= 62; minute++) {
    await time.pass(MINUTE);
    const due = table.take();
    if (due.length > 0) seen.push([minute, due]);
  }
  assertEquals(seen.filter(([, due]) => due.includes("p1")).length, 4);
  assertEquals(seen.filter(([, due]) => due.includes("p2")).length, 1);
  assertEquals(seen.filter(([, due]) => due.includes("p3")).length, 1);
});

Deno.test("timetable() reads a bus at the times of its cron expression, and waits for the first of them", async () => {
  const time = manualTime("2026-01-31T11:58:00.000Z");
  const bus = { name: "main", port: "", baudRate: 2400, schedule: "0 13 * * *", timeZone: "Europe/Copenhagen" };
  const table = timetable({ gateway: "GW-0001", bus: { ...bus, meters: [{ address: "p1" }] }, ...time });
  assertEquals(table.take(), []);
  await time.pass(3 * MINUTE);
  assertEquals(table.take(), ["p1"]);
});

Deno.test("timetable() reads every meter at once where that is asked for, and goes on at their times", async () => {
  const time = manualTime("2026-01-31T11:58:00.000Z");
  const meters: MeterConfig[] = [{ address: "p1" }, { address: "p2", intervalMs: 60 * MINUTE }];
  const bus = { name: "main", port: "", baudRate: 2400, schedule: "0 12 * * *", meters };
  const table = timetable({ gateway: "GW-0001", bus, ...time, atOnce: true });
  assertEquals(table.nextAt() <= time.timer.elapsed(), true);
  assertEquals([table.take(), table.take()], [["p1", "p2"], []]);
  await time.pass(3 * MINUTE);
  assertEquals(table.take(), ["p1"]);
});
