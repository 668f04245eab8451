import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { manualTime } from "../fixtures/manual_time.ts";
import { openSpool, type Spool } from "../../gateway/spool.ts";
import { taken, withFolder } from "./spool_folder.ts";

const WAL_HEADER_BYTES = 32;
const WAL_FRAME_BYTES = 24 + 4096;
const WRITER = `${import.meta.dirname}/spool_writer.ts`;

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
