import { assert, assertEquals, assertNotEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { ConfigurationError } from "@mbus-gateway/resource";
import { createCounts } from "../../gateway/counts.ts";
import { openSpool, type TakenReadout } from "../../gateway/spool.ts";
import { withFolder } from "./spool_folder.ts";
import { inspectSpool } from "../../gateway/spool_view.ts";

function taken(address: string, ...frames: string[]): TakenReadout {
  const bytes = (frames.length === 0 ? ["e5"] : frames).map((hex) => Uint8Array.fromHex(hex));
  return { bus: "main", address, readAt: "2026-01-31T11:59:58.123Z", clock: "trusted", frames: bytes };
}

Deno.test("openSpool() keeps readouts in order with every byte", () =>
  withFolder((path) => {
    const counts = createCounts();
    using spool = openSpool(path, { counts });
    assertEquals(spool.put(taken("p1", "00ff", "e5"), taken("p2", "68")), [1, 2]);
    assertEquals(spool.put(taken("p3")), [3]);
    assertEquals(spool.put(), []);
    const [first] = spool.peek({ limit: 1 });
    assertEquals(first, {
      seq: 1,
      bus: "main",
      address: "p1",
      readAt: "2026-01-31T11:59:58.123Z",
      clock: "trusted",
      frames: [Uint8Array.of(0, 255), Uint8Array.of(0xe5)],
    });
    assertEquals(spool.peek({ after: 1, limit: 9 }).map((readout) => readout.address), ["p2", "p3"]);
    assertEquals(spool.status(), { depth: 3, oldest: 1, newest: 3, parked: 0, dropped: 0, salvaged: 0 });
    assertEquals(counts.read().taken, 3);
  }));

Deno.test("openSpool() writes the table that comparers read", () =>
  withFolder((path) => {
    using spool = openSpool(path);
    spool.put(taken("p1", "0AFF", "e5"));
    spool.park(1, "unknown_gateway", "Nobody knows it");
    using outside = new DatabaseSync(path, { readOnly: true });
    const { sum, ...row } = { ...outside.prepare("select * from readouts").get() };
    assert(typeof sum === "number");
    assertEquals(row, {
      seq: 1,
      bus: "main",
      address: "p1",
      read_at: "2026-01-31T11:59:58.123Z",
      clock: "trusted",
      frames: '["0aff","e5"]',
      parked_code: "unknown_gateway",
      parked_reason: "Nobody knows it",
      rssi: null,
      flags: null,
      corrected_read_at: null,
    });
    assertEquals(Object.values(outside.prepare("pragma journal_mode").get() ?? {}), ["wal"]);
  }));

Deno.test("openSpool() keeps what was heard and noticed beside the frames", () =>
  withFolder((path) => {
    using spool = openSpool(path);
    spool.put({ ...taken("p1"), rssi: -87, flags: ["implausible_jump"] }, { ...taken("p2"), flags: [] });
    const [first, second] = spool.peek({ limit: 9 });
    assertEquals([first?.rssi, first?.flags], [-87, ["implausible_jump"]]);
    assertEquals([second?.rssi, second?.flags], [undefined, undefined]);
  }));

Deno.test("openSpool() goes on with a file of the first release, and with every readout in it", () =>
  withFolder((path) => {
    {
      using spool = openSpool(path);
      spool.put(taken("p1", "0aff"), taken("p2"));
      using outside = new DatabaseSync(path);
      for (const column of ["rssi", "flags", "corrected_read_at", "sum"]) {
        outside.exec(`alter table readouts drop column ${column}`);
      }
      outside.exec("pragma user_version = 1; delete from meta where key = 'version'");
    }
    assertThrows(() => inspectSpool(path), Error, "start the gateway once, which brings it up to date");
    using spool = openSpool(path);
    assertEquals(spool.put({ ...taken("p3"), rssi: -60 }), [3]);
    const readouts = spool.peek({ limit: 9 });
    assertEquals(readouts.map(({ address, rssi }) => [address, rssi]), [["p1", undefined], ["p2", undefined], [
      "p3",
      -60,
    ]]);
    assertEquals(readouts[0]?.frames, [Uint8Array.of(0x0a, 0xff)]);
    assertEquals(spool.status(), { depth: 3, oldest: 1, newest: 3, parked: 0, dropped: 0, salvaged: 0 });
  }));

Deno.test("Spool.peek() stops at the bytes asked for, and gives one readout at least", () =>
  withFolder((path) => {
    using spool = openSpool(path);
    for (let i = 0; i < 5; i++) spool.put(taken(`p${i}`, "00".repeat(500)));
    // 1,000 digits and some hundred bytes around them, each
    assertEquals(spool.peek({ limit: 10, maxBytes: 2_300 }).length, 2);
    assertEquals(spool.peek({ limit: 10, maxBytes: 1 }).length, 1);
    assertEquals(spool.peek({ limit: 3 }).length, 3);
  }));

Deno.test("Spool.release() lets go of exactly the ranges, and of unknown numbers nothing", () =>
  withFolder((path) => {
    using spool = openSpool(path);
    spool.put(...Array.from({ length: 6 }, (_, i) => taken(`p${i}`)));
    assertEquals(spool.release([[2, 3], [6, 900]]), 3);
    assertEquals(spool.release([[2, 3]]), 0);
    assertEquals(spool.release([]), 0);
    assertEquals(spool.peek({ limit: 9 }).map((readout) => readout.seq), [1, 4, 5]);
    assertEquals(spool.status(), { depth: 3, oldest: 1, newest: 5, parked: 0, dropped: 0, salvaged: 0 });
  }));

Deno.test("Spool.park() keeps a readout out of the way, counted, until it is confirmed after all", () =>
  withFolder((path) => {
    {
      using spool = openSpool(path);
      spool.put(taken("p1"), taken("p2"), taken("p3"));
      spool.park(2, "no_such_gateway", "why");
      spool.park(2, "other", "the first reason stays");
      spool.park(99, "other", "there is none");
      assertEquals(spool.peek({ limit: 9 }).map((readout) => readout.seq), [1, 3]);
      assertEquals(spool.status(), { depth: 2, oldest: 1, newest: 3, parked: 1, dropped: 0, salvaged: 0 });
      assertEquals(spool.parked(9), [
        {
          seq: 2,
          bus: "main",
          address: "p2",
          readAt: "2026-01-31T11:59:58.123Z",
          code: "no_such_gateway",
          reason: "why",
        },
      ]);
    }
    using spool = openSpool(path);
    assertEquals(spool.status(), { depth: 2, oldest: 1, newest: 3, parked: 1, dropped: 0, salvaged: 0 });
    assertEquals(spool.release([[1, 2]]), 2);
    assertEquals(spool.status(), { depth: 1, oldest: 3, newest: 3, parked: 0, dropped: 0, salvaged: 0 });
  }));

Deno.test("openSpool() never gives a number twice, not even after the newest was released", () =>
  withFolder((path) => {
    let epoch = "";
    {
      using spool = openSpool(path);
      epoch = spool.epoch;
      assertEquals(spool.put(taken("p1"), taken("p2")), [1, 2]);
      assertEquals(spool.release([[1, 2]]), 2);
    }
    using spool = openSpool(path);
    assertEquals(spool.epoch, epoch);
    assertEquals(spool.put(taken("p3")), [3]);
  }));

Deno.test("openSpool() says that another process has the file, and inspectSpool() reads it all the same", () =>
  withFolder((path) => {
    {
      using spool = openSpool(path);
      spool.put(taken("p1"));
      assertThrows(() => openSpool(path), Error, "in use by another process; stop that one first");
      using view = inspectSpool(path);
      assertEquals(view.epoch, spool.epoch);
      assertEquals(view.status().depth, 1);
    }
    using view = inspectSpool(path);
    assertEquals(view.peek({ limit: 9 }).length, 1);
    assertEquals(view.parked(9), []);
    assertThrows(() => inspectSpool(`${path}.none`), Error, "Cannot read spool");
  }));

Deno.test("openSpool() says what is wrong with a path that cannot be a spool", () =>
  withFolder((path) => {
    assertThrows(() => openSpool(`${path}/no/such`), Error, "does its folder exist");
    {
      using stranger = new DatabaseSync(path);
      stranger.exec("create table cash (amount integer)");
    }
    assertThrows(() => openSpool(path), ConfigurationError, "another program's database");
    const newer = `${path}2`;
    openSpool(newer)[Symbol.dispose]();
    {
      using database = new DatabaseSync(newer);
      database.exec("pragma user_version = 3; update meta set value = '3' where key = 'version'");
    }
    assertThrows(() => openSpool(newer), ConfigurationError, "has version 3, this release reads 2");
  }));

Deno.test("Spool.put() takes all or nothing when the room is used up, and goes on after a release", () =>
  withFolder((path) => {
    const counts = createCounts();
    using spool = openSpool(path, { maxBytes: 64 * 1024, counts });
    let depth = 0;
    const failure = assertThrows(() => {
      // What came lately is not thinned.
      const now = { readAt: new Date().toISOString() };
      const large = (address: string) => ({ ...taken(address, "00".repeat(800)), ...now });
      for (;;) depth += spool.put(large("p1"), large("p2")).length;
    }, Error);
    assertStringIncludes(failure.message, "Cannot store readouts: nothing of them was taken");
    assertEquals(spool.status().depth, depth);
    assertEquals(counts.read().taken, depth);
    assertEquals(spool.release([[1, depth]]), depth);
    const [next] = spool.put(taken("p3"));
    assert(next !== undefined && next > depth);
  }));

Deno.test("openSpool() gives a restored or copied file a new epoch, and keeps its rows", async (t) => {
  const begin = (path: string) => {
    using spool = openSpool(path);
    spool.put(taken("p1"), taken("p2"));
    return spool.epoch;
  };
  await t.step("put back over the file in use", () =>
    withFolder((path) => {
      const epoch = begin(path);
      const backup = Deno.readFileSync(path);
      {
        using spool = openSpool(path);
        assertEquals(spool.put(taken("p3")), [3]);
      }
      Deno.writeFileSync(path, backup);
      using spool = openSpool(path);
      assertNotEquals(spool.epoch, epoch);
      assertEquals(spool.peek({ limit: 9 }).map((readout) => readout.seq), [1, 2]);
    }));
  await t.step("the whole folder copied elsewhere", () =>
    withFolder((path) => {
      const epoch = begin(path);
      Deno.copyFileSync(path, `${path}2`);
      Deno.copyFileSync(`${path}.lock`, `${path}2.lock`);
      using spool = openSpool(`${path}2`);
      assertNotEquals(spool.epoch, epoch);
    }));
  await t.step("without its companion", () =>
    withFolder((path) => {
      const epoch = begin(path);
      Deno.removeSync(`${path}.lock`);
      using spool = openSpool(path);
      assertNotEquals(spool.epoch, epoch);
    }));
  await t.step("but not when it is just opened again", () =>
    withFolder((path) => {
      const epoch = begin(path);
      using spool = openSpool(path);
      assertEquals(spool.epoch, epoch);
    }));
});
