import { assert, assertEquals } from "@std/assert";
import { simulatedMeters } from "./meters.ts";
import { POPULATIONS } from "./population.ts";
import { stateKey } from "./state_file.ts";

const NOON = Date.UTC(2026, 0, 31, 12);

for (const population of POPULATIONS) {
  Deno.test(`250 meters ${population} are 250 different ones, the same for the same seed`, () => {
    const meters = simulatedMeters(250, { population, now: NOON });
    assertEquals(new Set(meters.map(({ identity }) => stateKey(identity))).size, 250);
    const again = simulatedMeters(250, { population, now: NOON });
    assertEquals(meters.map(({ identity }) => identity), again.map(({ identity }) => identity));
  });
}

Deno.test("colliding meters share one number, and some everything but the fabrication number", () => {
  const identities = simulatedMeters(250, { population: "colliding", now: NOON }).map(({ identity }) => identity);
  assertEquals(new Set(identities.map(({ identification }) => identification)).size, 1);
  const numbered = identities.filter(({ fabricationNumber }) => fabricationNumber !== undefined);
  assertEquals(numbered.length, 50);
  assertEquals(new Set(numbered.map((identity) => stateKey({ ...identity, fabricationNumber: "" }))).size, 1);
  const [makers, versions, types] = (["manufacturer", "version", "deviceTypeCode"] as const)
    .map((part) => new Set(identities.map((identity) => identity[part])).size);
  assertEquals([makers, versions, types], [51, 100, 53]);
  assert(identities.every(({ manufacturer }) => /^[A-Z]{3}$/.test(manufacturer)));
});
