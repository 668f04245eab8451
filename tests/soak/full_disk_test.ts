import { assert, assertEquals, assertMatch } from "@std/assert";
import { mayMount } from "../fixtures/small_disk.ts";
import { fullDisk, startOnFullDisk } from "./full_disk.ts";

const may = await mayMount();
if (!may) console.error("ignored: needs the right to mount a file system");

Deno.test({
  name: "a disk that others fill up loses no readout that was taken, and is used again once there is room",
  ignore: !may,
  async fn() {
    const found = await fullDisk({ rounds: 4 });
    assert(found.refused > 0 && found.taken > 0, JSON.stringify(found));
    assertEquals([found.lost, found.recovered], [0, found.rounds]);
  },
});

Deno.test({
  name: "a spool is opened on a full disk with the room that was kept for that, and else by itself once there is room",
  ignore: !may,
  async fn() {
    const { kept, found, refusal, unavailable, foundAgain, recovered } = await startOnFullDisk();
    assertEquals([found, foundAgain, recovered], [kept, kept, true]);
    assertMatch(unavailable, /^Cannot open spool \/.*: the disk is full; make room on it, .*$/);
    assertEquals(refusal, `Cannot store readouts: nothing of them was taken (${unavailable})`);
  },
});
