import { assertAlmostEquals, assertEquals } from "@std/assert";
import { idleMs } from "../../gateway/link_timing.ts";
import { lateness } from "./lateness.ts";

const BAUD_RATE = 2_400;
const IDLE = idleMs(BAUD_RATE);

Deno.test("lateness() counts what the line was free for, and not what it was busy with", () => {
  const late = lateness((round) => 1_000 * round, BAUD_RATE);
  late.onRequest(0, -Infinity);
  late.onRequest(500 + IDLE, 500);
  assertEquals([late.rounds, late.longestMs, late.roundMs], [1, 0, 0]);
  late.onRequest(600 + IDLE + 5, 600);
  late.onRequest(700 + IDLE + 4, 700);
  assertAlmostEquals(late.longestMs, 5, 1e-9);
  assertAlmostEquals(late.roundMs, 9, 1e-9);
});

Deno.test("lateness() begins anew with each round, and counts one that is left out as late by an interval", () => {
  const late = lateness((round) => 1_000 * round, BAUD_RATE);
  late.onRequest(3, -Infinity);
  late.onRequest(1_004, 100);
  assertEquals([late.rounds, late.longestMs, late.roundMs], [2, 4, 4]);
  late.onRequest(3_000, 1_100);
  assertEquals([late.rounds, late.longestMs], [3, 1_000]);
});
