import { assert, assertEquals } from "@std/assert";
import { needs } from "../fixtures/needs.ts";
import { weekAway } from "./week_away.ts";

const REAL = needs("mosquitto");

Deno.test({
  name: "a gateway whose broker was away at full rate delivers every telegram once, and live readings pass the backlog",
  ...REAL,
  async fn() {
    const meters = 30;
    const found = await weekAway({ days: 0.125, meters });
    assertEquals([found.held, found.left, found.altered], [found.taken, 0, 0]);
    assertEquals(found.taken, found.rounds * meters, "no round is left out");
    assert(found.rounds >= 3 * 4, `${found.rounds} rounds`);
    assert(found.attempts > 10, "the broker was looked for again and again");
  },
});

Deno.test({
  name: "the soak sees a gateway that is busy with something else while meters are due",
  ...REAL,
  async fn() {
    const busyMs = 1_500;
    let readouts = 0;
    // After the first of a round's two meters.
    const hinder = () => ++readouts === 3 && busyUntil(performance.now() + busyMs);
    const found = await weekAway({ days: 1 / 24, meters: 2, hinder });
    assert(found.roundLateMs > 1_000, `more than the soak allows: ${found.roundLateMs} ms`);
    assertEquals(found.held, found.taken);
  },
});

function busyUntil(end: number) {
  while (performance.now() < end);
}
