import { assert, assertEquals, assertNotEquals, assertStringIncludes } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { createLog } from "@mbus-gateway/resource";
import { manualTime } from "../fixtures/manual_time.ts";
import { openSpool, type Spool, type TakenReadout } from "../../gateway/spool.ts";

const WAL_HEADER_BYTES = 32;
const WAL_FRAME_BYTES = 24 + 4096;
const WRITER = `${import.meta.dirname}/spool_writer.ts`;

function taken(n: number, bytes = 300): TakenReadout {
  const frames = [new Uint8Array(bytes).fill(n)];
  return { bus: "main", address: `p${n % 251}`, readAt: "2026-01-31T11:59:58.123Z", clock: "trusted", frames };
}

async function withFolder(body: (path: string, folder: string) => void | Promise<void>) {
  const folder = await Deno.makeTempDir();
  try {
    await body(`${folder}/spool.db`, folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Runs the writer until it has said at least `lines` lines, then SIGKILL; what it said is what was taken. */
async function writeAndKill(path: string, lines: number): Promise<Map<number, string>> {
  const args = ["run", "-q", "--no-prompt", "-A", WRITER, path];
  await using child = new Deno.Command(Deno.execPath(), { args, stdout: "piped", stderr: "inherit" }).spawn();
  let text = "";
  for await (const chunk of child.stdout.pipeThrough(new TextDecoderStream())) {
    const before = text.length;
    text += chunk;
    if (before < lines * 30 && text.length >= lines * 30) child.kill("SIGKILL");
  }
  // A last line cut short by the kill says nothing.
  const said = text.slice(0, text.lastIndexOf("\n")).split("\n").map((line) => line.split(" "));
  return new Map(said.map(([seq, readAt]) => [Number(seq), String(readAt)]));
}

Deno.test("Spool.put() has taken what it returned, whenever the process is killed", () =>
  withFolder(async (path) => {
    let epoch: string | null = null;
    let newest = 0;
    for (const lines of [20, 333, 1_000, 57]) {
      const said = await writeAndKill(path, lines);
      using spool = openSpool(path);
      const found = new Map(spool.peek({ limit: 1_000_000 }).map(({ seq, readAt }) => [seq, readAt]));
      for (const [seq, readAt] of said) assertEquals(found.get(seq), readAt, `readout ${seq} was taken and is lost`);
      assert(found.size - said.size <= 2, "more than one put was stored and not said");
      assert([...found.keys()].every((seq) => seq > newest), "a number was given twice");
      assertEquals(epoch ?? spool.epoch, spool.epoch);
      epoch = spool.epoch;
      newest = Math.max(...found.keys());
      spool.release([[1, newest]]);
    }
  }));

Deno.test("openSpool() finds a prefix of what was taken, sound, wherever a power cut ended the log", () =>
  withFolder((path, folder) => {
    const puts = 25;
    {
      using spool = openSpool(path);
      for (let n = 1; n <= puts; n++) spool.put(taken(n, 900), taken(n, 900));
      Deno.copyFileSync(path, `${folder}/main`);
      Deno.copyFileSync(`${path}-wal`, `${folder}/wal`);
    }
    const wal = Deno.readFileSync(`${folder}/wal`);
    const commits = commitsOf(wal);
    const own = commits.length - puts; // of the schema and the epoch
    assert(own > 0 && commits.length > puts);
    const cut = `${folder}/cut.db`;
    for (let end = WAL_HEADER_BYTES; end <= wal.length; end += WAL_FRAME_BYTES / 2) {
      Deno.copyFileSync(`${folder}/main`, cut);
      Deno.writeFileSync(`${cut}-wal`, wal.subarray(0, end));
      using spool = openSpool(cut);
      const whole = commits.filter((commitEnd) => commitEnd <= end).length;
      const expected = 2 * Math.max(0, whole - own);
      const seqs = spool.peek({ limit: 1_000 }).map((readout) => readout.seq);
      assertEquals(seqs, Array.from({ length: expected }, (_, i) => i + 1), `log cut at byte ${end}`);
      using outside = new DatabaseSync(cut, { readOnly: true });
      assertEquals(Object.values(outside.prepare("pragma integrity_check").get() ?? {}), ["ok"]);
    }
  }));

Deno.test("openSpool() finds what some operation left, whole, wherever a power cut ended the log", () =>
  withFolder((path, folder) => {
    const cut = `${folder}/cut.db`;
    const look = (spool: Spool) =>
      JSON.stringify([
        spool.peek({ limit: 100 }).map(({ seq, correctedReadAt }) => [seq, correctedReadAt ?? null]),
        spool.parked(100).map(({ seq, code }) => [seq, code]),
        spool.status().dropped,
      ]);
    const states: string[] = [];
    {
      const time = manualTime("1970-01-01T00:00:00.000Z");
      time.trust(false);
      // Small enough that the last readouts make others give way.
      using spool = openSpool(path, { clock: time.clock, timer: time.timer, maxBytes: 150_000 });
      const untrusted = (n: number) => ({
        ...taken(n),
        readAt: "1970-01-01T00:00:00.000Z",
        clock: "untrusted" as const,
      });
      const after = (act: () => void) => {
        act();
        states.push(look(spool));
      };
      after(() => spool.put(untrusted(1), taken(2), taken(3), taken(4)));
      after(() => spool.park(2, "no_such_gateway", "why"));
      after(() => spool.release([[3, 3]]));
      time.step(Date.parse("2026-06-01T00:00:00.000Z"));
      time.trust(true);
      after(() => spool.tend());
      for (let n = 5; n < 60; n++) after(() => spool.put({ ...taken(n, 1_000), address: "p1" }));
      assert(spool.status().dropped > 0);
      Deno.copyFileSync(path, `${folder}/main`);
      Deno.copyFileSync(`${path}-wal`, `${folder}/wal`);
    }
    const wal = Deno.readFileSync(`${folder}/wal`);
    let newest = -1;
    for (let end = WAL_HEADER_BYTES; end <= wal.length; end += WAL_FRAME_BYTES) {
      Deno.copyFileSync(`${folder}/main`, cut);
      Deno.writeFileSync(`${cut}-wal`, wal.subarray(0, end));
      using spool = openSpool(cut);
      const found = look(spool);
      if (found === "[[],[],0]") continue; // before the first
      const state = states.indexOf(found, Math.max(0, newest));
      // Thinning and storing are two transactions: in between, what gave way is gone and the new is not there yet.
      if (state < 0) assert(spool.status().dropped > 0, `log cut at byte ${end}: ${found}`);
      else newest = state;
    }
    assertEquals(newest, states.length - 1);
  }));

Deno.test("openSpool() begins a new epoch when a disk has lost what it had confirmed", () =>
  withFolder(async (path) => {
    await writeAndKill(path, 30);
    const epoch = (() => {
      using spool = openSpool(path);
      return spool.epoch;
    })();
    await writeAndKill(path, 30);
    // The same file, set back to an earlier commit under its feet.
    const wal = Deno.readFileSync(`${path}-wal`);
    const third = commitsOf(wal)[2];
    assert(third !== undefined && third < wal.length);
    Deno.writeFileSync(`${path}-wal`, wal.subarray(0, third));
    using spool = openSpool(path);
    assertNotEquals(spool.epoch, epoch);
  }));

/** The positions behind each commit in a write-ahead log (https://sqlite.org/fileformat2.html#walformat). */
function commitsOf(wal: Uint8Array): number[] {
  const view = new DataView(wal.buffer, wal.byteOffset, wal.byteLength);
  const ends: number[] = [];
  for (let frame = WAL_HEADER_BYTES; frame + WAL_FRAME_BYTES <= wal.length; frame += WAL_FRAME_BYTES) {
    // A frame that ends a transaction tells the size of the database after it, every other says 0.
    if (view.getUint32(frame + 4) !== 0) ends.push(frame + WAL_FRAME_BYTES);
  }
  return ends;
}

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
