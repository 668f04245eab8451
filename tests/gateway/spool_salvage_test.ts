import { assert, assertEquals, assertNotEquals, assertStringIncludes } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { createLog } from "@mbus-gateway/resource";
import { openSpool, type Spool } from "../../gateway/spool.ts";
import { taken, withFolder } from "./spool_folder.ts";

/** Damages the file at `path` and opens it. */
function openDamaged(path: string, damage: (file: Uint8Array<ArrayBuffer>) => Uint8Array) {
  const rows = 400;
  let epoch = "";
  {
    using spool = openSpool(path);
    epoch = spool.epoch;
    spool.put(...Array.from({ length: rows }, (_, n) => taken(n + 1)));
    spool.park(7, "no_such_gateway", "why");
  }
  Deno.writeFileSync(path, damage(Deno.readFileSync(path)));
  const lines: string[] = [];
  const now = () => new Date("2026-01-31T12:00:00.000Z");
  const spool = openSpool(path, { log: createLog({ write: (line) => lines.push(line) }), now });
  return { spool, epoch, rows, said: lines.join("\n"), aside: `${path}.damaged-2026-01-31T120000.000Z` };
}

Deno.test("openSpool() sets a damaged file aside, saves what can be read, and goes on under a new epoch", () =>
  withFolder((path) => {
    const middle = (file: Uint8Array<ArrayBuffer>) => {
      const page = Math.floor(file.length / 4096 / 2) * 4096;
      file.fill(0xa5, page, page + 2 * 4096);
      return file;
    };
    const { spool: opened, epoch, rows, said, aside } = openDamaged(path, middle);
    using spool = opened;
    assertNotEquals(spool.epoch, epoch);
    assert(Deno.statSync(aside).size > 0);
    assert(said.includes("damaged: it is set aside") && said.includes(aside), said);
    const saved = spool.peek({ limit: 1_000 });
    assert(saved.length > rows / 2 && saved.length < rows, `${saved.length} rows were saved`);
    const values = saved.map((readout) => readout.frames[0]?.[0]);
    // From both sides of the damage, in order: the byte is the number modulo 256.
    assertEquals(values.at(0), 1);
    assertEquals(values.at(-1), rows % 256);
    assertEquals(spool.parked(9).map((readout) => readout.code), ["no_such_gateway"]);
    assertEquals(spool.status().depth, saved.length);
    assert(spool.put(taken(1)).every((seq) => seq > saved.length));
  }));

Deno.test("openSpool() goes on without a file that is no database any more", async (t) => {
  const damages: Record<string, (file: Uint8Array<ArrayBuffer>) => Uint8Array> = {
    "overwritten from the start": (file) => file.fill(0, 0, 200),
    "cut in the middle of a page": (file) => file.subarray(0, 9_000),
    "filled with something else": (file) => file.fill(0x20),
  };
  for (const [name, damage] of Object.entries(damages)) {
    await t.step(name, () =>
      withFolder((path) => {
        const { spool: opened, epoch, aside } = openDamaged(path, damage);
        using spool = opened;
        assertNotEquals(spool.epoch, epoch);
        assert(Deno.statSync(aside).isFile);
        const depth = spool.status().depth;
        assertEquals(spool.put(taken(1)).length, 1);
        assertEquals(spool.status().depth, depth + 1);
      }));
  }
});

Deno.test("openSpool() ends a salvage that a kill interrupted", () =>
  withFolder((path) => {
    {
      using spool = openSpool(path);
      spool.put(taken(1), taken(2), taken(3));
    }
    // As it is left between the two renames: the damaged file aside, the new one not yet in place.
    const aside = `${path}.damaged-2026-01-31T120000.000Z`;
    {
      using begun = openSpool(`${path}.new`);
      assertEquals(begun.status().depth, 0);
      using database = new DatabaseSync(`${path}.new`);
      database.prepare("insert into meta (key, value) values ('salvage', ?)").run(aside);
    }
    Deno.renameSync(path, aside);
    {
      using spool = openSpool(path);
      assertEquals(spool.peek({ limit: 9 }).map((readout) => readout.frames[0]?.[0]), [1, 2, 3]);
    }
    using spool = openSpool(path);
    assertEquals(spool.status().depth, 3);
  }));

Deno.test("Spool.peek() parks a row that cannot be read, and goes on behind it", () =>
  withFolder((path) => {
    {
      using spool = openSpool(path);
      spool.put(taken(1), taken(2), taken(3));
    }
    {
      using database = new DatabaseSync(path);
      database.exec(
        `update readouts set frames = '["6g"]' where seq = 1; update readouts set frames = '' where seq = 2`,
      );
    }
    using spool = openSpool(path);
    assertEquals(spool.peek({ limit: 1 }).map((readout) => readout.seq), [3]);
    assertEquals(spool.parked(9).map(({ seq, code }) => [seq, code]), [[1, "damaged"], [2, "damaged"]]);
    assertEquals(spool.status(), { depth: 1, oldest: 3, newest: 3, parked: 2, dropped: 0, salvaged: 0 });
  }));

Deno.test("Spool.peek() parks a row in which a digit has changed", () =>
  withFolder((path) => {
    const changes = [`read_at = '2026-01-31T12:59:58.123Z'`, `address = 'p9'`, `frames = '["01"]'`, "seq = 14"];
    {
      using spool = openSpool(path);
      spool.put(taken(1), taken(2), taken(3), taken(4), taken(5));
    }
    {
      using database = new DatabaseSync(path);
      for (const [index, change] of changes.entries()) {
        database.exec(`update readouts set ${change} where seq = ${index + 1}`);
      }
    }
    using spool = openSpool(path);
    assertEquals(spool.peek({ limit: 9 }).map(({ seq }) => seq), [5]);
    assertEquals(spool.parked(9).map(({ seq, code }) => [seq, code]), [1, 2, 3, 14].map((seq) => [seq, "damaged"]));
  }));

/** A spool of more rows than SQLite keeps in memory, so that it has to look at the file again, and its open form. */
function withLargeSpool(body: (spool: Spool, damage: () => void, said: () => string) => void) {
  return withFolder((path) => {
    {
      using spool = openSpool(path);
      spool.put(...Array.from({ length: LARGE_ROWS }, (_, n) => taken(n + 1, 250)));
    }
    const lines: string[] = [];
    using spool = openSpool(path, { log: createLog({ write: (line) => lines.push(line) }) });
    const damage = () => {
      using file = Deno.openSync(path, { write: true });
      file.seekSync(100 * 4096, Deno.SeekMode.Start);
      file.writeSync(new Uint8Array(10 * 4096).fill(0xa5));
    };
    body(spool, damage, () => lines.join("\n"));
  });
}

const LARGE_ROWS = 10_000;

Deno.test("Spool goes on under a new epoch when its file is damaged under its feet, and says so", () =>
  withLargeSpool((spool, damage, said) => {
    const { epoch } = spool;
    damage();
    // Its numbers meant the old file's rows.
    assertEquals(spool.peek({ limit: LARGE_ROWS }), []);
    assertNotEquals(spool.epoch, epoch);
    assertStringIncludes(said(), "The spool file is damaged: it is set aside, and a new one is begun");
    while (spool.tend());
    const { depth, salvaged } = spool.status();
    assert(depth > LARGE_ROWS / 2 && depth < LARGE_ROWS, `${depth} rows were saved`);
    assertEquals(salvaged, 1);
    assertEquals(spool.peek({ limit: LARGE_ROWS }).length, depth);
    assertEquals(spool.put(taken(1)), [depth + 1]);
  }));

Deno.test("Spool lets go of nothing for a confirmation of the numbers before a salvage", () =>
  withLargeSpool((spool, damage) => {
    damage();
    const all = [[1, LARGE_ROWS]] as const;
    const released = spool.release(all);
    assert(released === 0 || released === LARGE_ROWS);
    while (spool.tend());
    if (released === 0) assert(spool.status().depth > LARGE_ROWS / 2);
  }));

/** Makes a spool of so many rows, and damages a page at places of its file: a few of them are lost. */
function damagedSpool(path: string, rows: number, places = [0.5]) {
  {
    using spool = openSpool(path);
    spool.put(...Array.from({ length: rows }, (_, n) => taken(n + 1, 100)));
  }
  damage(path, places);
}

/** Overwrites a page at each of these parts of the file. */
function damage(path: string, places = [0.5]) {
  using file = Deno.openSync(path, { read: true, write: true });
  const { size } = file.statSync();
  for (const place of places) {
    file.seekSync(Math.floor(size / 4096 * place) * 4096, Deno.SeekMode.Start);
    file.writeSync(new Uint8Array(4096).fill(0xa5));
  }
}

/** So many rows are in one page, or a little more. */
const PAGE_ROWS = 20;

/** Tells the rows of {@linkcode damagedSpool} apart. */
function different(readouts: ReturnType<Spool["peek"]>): number {
  return new Set(readouts.map(({ address, frames }) => `${address} ${frames[0]?.[0]}`)).size;
}

Deno.test("Spool.tend() copies what could be saved bit by bit, and readouts are taken and released meanwhile", () =>
  withLargeSpool((spool, damage) => {
    damage();
    spool.peek({ limit: LARGE_ROWS });
    const own: number[] = [];
    let steps = 0;
    let { depth } = spool.status();
    for (let more = true; more; steps++) {
      more = spool.tend();
      const copied = spool.status().depth - depth;
      assert(copied <= 1_000, `${copied} rows in one step`);
      own.push(...spool.put({ ...taken(1), address: "of-now" }));
      depth = spool.status().depth;
    }
    assert(steps > 8, `${steps} steps`);
    assertEquals(spool.release(own.map((seq) => [seq, seq])), own.length);
    const left = spool.peek({ limit: LARGE_ROWS });
    assertEquals([left.length, spool.status().depth], [depth - own.length, depth - own.length]);
    assert(left.every(({ address }) => address !== "of-now"));
  }));

Deno.test("openSpool() goes on with a salvage in the middle of which a process ended, and copies each row once", () =>
  withFolder((path) => {
    const rows = 5_500;
    damagedSpool(path, rows);
    const epochs = new Set<string>();
    for (let starts = 0; starts < 4; starts++) {
      // Each start copies a little, and so does a look.
      using spool = openSpool(path);
      epochs.add(spool.epoch);
      if (starts < 2) spool.tend();
      else while (spool.tend());
    }
    using spool = openSpool(path);
    const saved = spool.peek({ limit: rows });
    assertEquals([epochs.size, spool.status().salvaged], [1, 1], "it is the same spool that goes on");
    assert(rows - 2 * PAGE_ROWS < saved.length && saved.length < rows, `${saved.length} rows were saved`);
    assertEquals(different(saved), saved.length);
  }));

Deno.test("openSpool() saves what lies between several damaged places, in order", () =>
  withFolder((path) => {
    const rows = 4_000;
    const places = [0.2, 0.21, 0.5, 0.51, 0.9, 0.999];
    damagedSpool(path, rows, places);
    using spool = openSpool(path);
    while (spool.tend());
    const saved = spool.peek({ limit: rows });
    assert(rows - 2 * places.length * PAGE_ROWS < saved.length && saved.length < rows, `${saved.length} were saved`);
    assertEquals(different(saved), saved.length);
    const times = saved.map(({ readAt }) => readAt);
    assertEquals(times, times.toSorted());
  }));

Deno.test("openSpool() does not forget what was still to be copied when the new file is damaged too", () =>
  withFolder((path) => {
    const rows = 4_000;
    damagedSpool(path, rows);
    {
      using spool = openSpool(path, { now: () => new Date("2026-01-31T12:00:00Z") });
      assert(spool.status().depth < rows);
    }
    damage(path);
    using spool = openSpool(path, { now: () => new Date("2026-01-31T13:00:00Z") });
    while (spool.tend());
    assertEquals(spool.status().salvaged, 2);
    const found = different(spool.peek({ limit: 2 * rows }));
    assert(found > rows - 4 * PAGE_ROWS, `${found} of ${rows}`);
  }));

Deno.test("Spool.tend() copies on what could be saved once there is room for it", () =>
  withFolder((path) => {
    const rows = 5_000;
    damagedSpool(path, rows);
    const lines: string[] = [];
    const log = createLog({ write: (line) => lines.push(line) });
    // Room for some of them, and none of them gives way: they are of the last 24 hours.
    const now = () => new Date("2026-01-31T12:00:00Z");
    using spool = openSpool(path, { log, now, maxBytes: 1_000_000 });
    let arrived = 0;
    let most = 0;
    for (let rounds = 0; rounds < 20; rounds++) {
      for (let steps = 0; steps < 10; steps++) spool.tend();
      const there = spool.peek({ limit: rows });
      arrived += there.length;
      most = Math.max(most, there.length);
      spool.release(there.map(({ seq }) => [seq, seq]));
    }
    assert(most < rows - 1_000, `${most} had room at once`);
    assert(rows - 2 * PAGE_ROWS < arrived && arrived < rows, `${arrived} rows were saved`);
    assertEquals(lines.filter((line) => line.includes("There is no room yet")).length, 1, lines.join("\n"));
  }));
