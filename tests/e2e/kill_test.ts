import { assertEquals, assertGreater, assertGreaterOrEqual } from "@std/assert";
import { site } from "../fixtures/site.ts";
import { hasRealPlatform } from "../fixtures/site_platform.ts";
import { drain, killRound } from "./kills.ts";

const KILLS = 12;
const SEED = 20260131;

Deno.test("whatever is killed at whatever moment, each readout taken is held once and equal to the ledger", async () => {
  await using place = await site({ real: hasRealPlatform(), meters: 8 });
  const killed = await killRound(place, { kills: KILLS, seed: SEED });
  const codes = await drain(place);
  const { differences, taken, held, waiting, untaken } = await place.compare({ kills: killed.gateway });
  assertEquals(differences, [], place.log());
  assertEquals([held, waiting], [taken, 0]);
  assertEquals(codes, [0, 0, 0, 0]);
  // The round was one: everybody had their turn, and between the kills there was something to lose.
  for (const [name, times] of Object.entries(killed)) assertGreaterOrEqual(times, 3, name);
  assertGreater(taken, 8 * 5);
  console.log(`killed ${JSON.stringify(killed)}; ${taken} readouts taken, all held; ${untaken} answers never taken`);
});
