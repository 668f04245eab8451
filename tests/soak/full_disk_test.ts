import { assert, assertEquals, assertMatch } from "@std/assert";
import { fullDisk, mayMount, startOnFullDisk } from "./full_disk.ts";

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
  name: "a spool is opened on a full disk with the room that was kept for that, and else says what to do",
  ignore: !may,
  async fn() {
    const { kept, found, refusal, recovered } = await startOnFullDisk();
    assertEquals([found, recovered], [kept, true]);
    assertMatch(refusal, /^Cannot open spool \/.*: .*; make room on its disk, .*$/);
  },
});
