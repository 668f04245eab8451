import { assertEquals } from "@std/assert";
import { meterPatience } from "../../gateway/meter_patience.ts";

const MINUTE = 60_000;

/** In which of the rounds the dead meter is asked; its neighbour answers in all of them, or in none. */
function asked(rounds: number, intervalMs: number, neighbourAnswers = true): number[] {
  const patience = meterPatience(intervalMs);
  return Array.from({ length: rounds }, (_, round) => {
    const asks = patience.asks("p1");
    if (asks) patience.failed("p1");
    if (neighbourAnswers) patience.answered("p2");
    else patience.failed("p2");
    patience.endRound();
    return asks ? round : -1;
  }).filter((round) => round >= 0);
}

Deno.test("meterPatience() asks a dead meter less and less often, but at least once an hour", () => {
  assertEquals(asked(40, 5 * MINUTE), [0, 1, 3, 7, 15, 27, 39]);
});

Deno.test("meterPatience() asks in every round when an interval is an hour or longer", () => {
  assertEquals(asked(5, 60 * MINUTE), [0, 1, 2, 3, 4]);
});

Deno.test("meterPatience() holds nothing against a meter when nobody answers", () => {
  assertEquals(asked(5, MINUTE, false), [0, 1, 2, 3, 4]);
});

Deno.test("meterPatience() asks in every round again once the meter has answered", () => {
  const patience = meterPatience(MINUTE);
  const round = (act: () => void) => {
    act();
    patience.answered("p2");
    assertEquals(patience.endRound(), true);
  };
  for (let failures = 0; failures < 2; failures++) round(() => patience.failed("p1"));
  assertEquals(patience.asks("p1"), false);
  round(() => {});
  assertEquals(patience.asks("p1"), true);
  round(() => patience.answered("p1"));
  round(() => patience.failed("p1"));
  assertEquals(patience.asks("p1"), true);
});
