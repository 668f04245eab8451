import { assertEquals } from "@std/assert";
import { meterPatience } from "../../gateway/meter_patience.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

Deno.test("meterPatience() tries a dead meter after growing waits, at least once an hour, and in no round", () => {
  const patience = meterPatience({ firstMs: MINUTE });
  patience.failed("p1", 0);
  assertEquals(patience.inRounds("p1"), true, "nobody has answered yet: it may be the line");
  patience.answered("p2", 1_000);
  assertEquals([patience.inRounds("p1"), patience.inRounds("p2")], [false, true]);
  const tried: number[] = [];
  for (let minute = 0; minute <= 240; minute++) {
    const now = 1_000 + minute * MINUTE;
    const address = patience.probe(now);
    if (address === null) continue;
    assertEquals(address, "p1");
    tried.push(minute);
    patience.failed("p1", now);
  }
  assertEquals(tried, [1, 3, 7, 15, 31, 63, 123, 183]);
});

Deno.test("meterPatience() takes a meter back into the rounds as soon as it answers", () => {
  const patience = meterPatience({ firstMs: MINUTE });
  patience.failed("p1", 0);
  patience.answered("p2", 0);
  assertEquals([patience.probe(MINUTE - 1), patience.nextProbeAt()], [null, MINUTE]);
  patience.answered("p1", MINUTE);
  assertEquals([patience.inRounds("p1"), patience.probe(24 * HOUR), patience.nextProbeAt()], [true, null, Infinity]);
  patience.failed("p1", HOUR);
  assertEquals(patience.inRounds("p1"), true, "its past is forgotten");
});

Deno.test("meterPatience() holds nothing against meters when nobody answers, and sees the full circle", () => {
  const patience = meterPatience({ firstMs: MINUTE });
  for (const round of [1, 2, 3]) {
    for (const address of ["p1", "p2", "p3"]) {
      assertEquals(patience.inRounds(address), true);
      assertEquals(patience.fullCircle(address), round > 1 && address === "p1");
      patience.failed(address, round * MINUTE);
    }
  }
});

Deno.test("meterPatience() probes the one that has waited longest first", () => {
  const patience = meterPatience({ firstMs: MINUTE, longestMs: MINUTE });
  patience.failed("p1", 0);
  patience.answered("p9", 0);
  patience.failed("p2", 10_000);
  patience.answered("p9", 10_000);
  assertEquals(patience.probe(HOUR), "p1");
  patience.failed("p1", HOUR);
  assertEquals(patience.probe(HOUR), "p2");
});
