import { assertEquals } from "@std/assert";
import { availabilityBoard, type MeterAvailability } from "../../gateway/availability.ts";

Deno.test("availabilityBoard() keeps since when a meter is as it is, and when it was read last", () => {
  const board = availabilityBoard();
  const changes: MeterAvailability[] = [];
  const listening = board.onChange((meter) => changes.push(meter));
  board.answered("main", "p1", "12:00");
  board.answered("main", "p1", "12:15");
  board.silent("main", "p1", "12:30");
  board.silent("main", "p1", "12:45");
  board.silent("cellar", "p1", "12:45");
  assertEquals(board.list(), [
    { bus: "main", address: "p1", state: "offline", since: "12:30", lastReadAt: "12:15" },
    { bus: "cellar", address: "p1", state: "offline", since: "12:45", lastReadAt: null },
  ]);
  assertEquals(changes.map(({ bus, state }) => [bus, state]), [["main", "online"], ["main", "offline"], [
    "cellar",
    "offline",
  ]]);
  listening[Symbol.dispose]();
  board.answered("main", "p1", "13:00");
  assertEquals(changes.length, 3);
});
