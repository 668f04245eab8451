import { assert, assertEquals } from "@std/assert";
import { needs } from "../fixtures/needs.ts";
import { databaseHangs } from "./database_hangs.ts";

Deno.test({
  name: "databaseHangs() ends with every readout once, on one connection, with little memory",
  ...needs("mosquitto", "initdb"),
  async fn() {
    const { sent, stored, twice, connections, megabytes: [before, most] } = await databaseHangs({
      seconds: 2,
      perSecond: 40,
    });
    assertEquals([stored, twice, connections], [sent, 0, 1]);
    assert(most - before < 250, `${before} MB became ${most} MB`);
  },
});
