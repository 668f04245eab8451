import { assert, assertEquals, assertThrows } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { createLog } from "@mbus-gateway/resource";
import { openSpool, type Spool, type TakenReadout } from "../../gateway/spool.ts";

const QUARTER = 15 * 60_000;
const HOUR = 4 * QUARTER;
const DAY = 86_400_000;
const START = Date.UTC(2026, 0, 1);

interface Row {
  seq: number;
  address: string;
  at: string;
}

/** A spool of at most `maxBytes`, filled on and on while nobody confirms anything. */
async function filled(
  { days, maxBytes, meters = 10, everyMs = QUARTER, clock = "trusted", before = () => {} }: {
    days: number;
    maxBytes: number;
    meters?: number;
    everyMs?: number;
    clock?: TakenReadout["clock"];
    before?: (spool: Spool) => void;
  },
  body: (found: { spool: Spool; rows: Row[]; taken: number; refused: number; now: number; said: string[] }) => void,
) {
  const folder = await Deno.makeTempDir();
  try {
    let now = START;
    const said: string[] = [];
    const log = createLog({ write: (line) => said.push(line) });
    using spool = openSpool(`${folder}/spool.db`, { maxBytes, log, now: () => new Date(now) });
    before(spool);
    let taken = 0;
    let refused = 0;
    // Four rounds in one commit, for the sake of the disk.
    for (; now < START + days * DAY; now += 4 * everyMs) {
      const readouts = Array.from({ length: 4 * meters }, (_, index) => ({
        bus: "main",
        address: `p${index % meters}`,
        readAt: new Date(now + Math.floor(index / meters) * everyMs).toISOString(),
        clock,
        frames: [new Uint8Array(100)],
      }));
      try {
        taken += spool.put(...readouts).length;
      } catch {
        refused += readouts.length;
      }
      assert(Deno.statSync(`${folder}/spool.db`).size <= maxBytes);
    }
    using database = new DatabaseSync(`${folder}/spool.db`, { readOnly: true });
    const rows = database.prepare("select seq, address, read_at as at from readouts where parked_code is null").all();
    body({ spool, rows: rows as unknown as Row[], taken, refused, now, said });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** How many readouts of one meter there are in each hour, day or month that it has any of. */
function perPeriod(rows: Row[], digits: number): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { at } of rows.filter(({ address }) => address === "p3")) {
    const period = at.slice(0, digits);
    counts.set(period, (counts.get(period) ?? 0) + 1);
  }
  return counts;
}

Deno.test("a full spool keeps one readout of a meter and hour, thins the oldest last, and nothing of the last day", () =>
  filled({ days: 12, maxBytes: 3_000_000 }, ({ spool, rows, taken, refused, now, said }) => {
    const hours = perPeriod(rows, 13);
    assertEquals(refused, 0);
    assertEquals(hours.size, 12 * 24, "no hour is without a readout");
    const counts = [...hours].sort(([a], [b]) => a.localeCompare(b)).map(([, count]) => count);
    assert(counts.includes(1), "something was thinned");
    assertEquals(counts.slice(0, 24), Array(24).fill(4), "the oldest day is whole");
    const yesterday = new Date(now - DAY).toISOString();
    assert([...hours].every(([hour, count]) => hour < yesterday || count === 4), "so is the last one");
    assertEquals(spool.status().dropped, taken - rows.length);
    assertEquals(spool.status().depth, rows.length);
    assert(said.some((line) => line.includes("The spool is nearly full: readouts are thinned")));
  }));

Deno.test("a spool that is full for long comes down to one readout of a meter and day, then to one a month", () =>
  filled({ days: 65, maxBytes: 250_000, meters: 4, everyMs: HOUR }, ({ spool, rows, taken, refused, now }) => {
    assertEquals(refused, 0);
    assertEquals(perPeriod(rows, 7).size, 3, "no month is without a readout");
    const lately = new Date(now - 2 * DAY).toISOString();
    const days = [...perPeriod(rows.filter(({ at }) => at < lately), 10)];
    assert(days.some(([, count]) => count === 1));
    // The first of a day, at midnight, is the one that is kept.
    const thinned = new Set(days.filter(([, count]) => count === 1).map(([day]) => day));
    const kept = rows.filter(({ at, address }) => address === "p3" && thinned.has(at.slice(0, 10)));
    assert(kept.every(({ at }) => at.endsWith("T00:00:00.000Z")));
    assertEquals(spool.status().dropped, taken - rows.length);
  }));

Deno.test("a full spool gives up first what no server wants", () =>
  filled({
    days: 6,
    maxBytes: 2_500_000,
    before(spool) {
      const parked = Array.from({ length: 4_000 }, (_, n) => ({
        bus: "main",
        address: `x${n}`,
        readAt: new Date(START).toISOString(),
        clock: "trusted" as const,
        frames: [new Uint8Array(100)],
      }));
      for (const seq of spool.put(...parked)) spool.park(seq, "gateway_unknown", "Nobody knows it");
    },
  }, ({ spool, rows, taken }) => {
    const { parked, dropped, depth } = spool.status();
    assert(dropped > 0);
    assertEquals(parked + dropped, 4_000);
    assertEquals([rows.length, depth], [taken, taken]);
  }));

Deno.test("a full spool drops nothing whose time is not trusted, and takes no more instead", () =>
  filled({ days: 6, maxBytes: 1_000_000, clock: "untrusted" }, ({ spool, rows, taken, refused, said }) => {
    assert(refused > 0);
    assertEquals([rows.length, spool.status().dropped], [taken, 0]);
    assert(said.some((line) => line.includes("thinned as far as it goes")));
    let more = 0;
    assertThrows(
      () => {
        for (let n = 0; n < 100; n++) {
          const frames = [new Uint8Array(2_000)];
          const readAt = new Date(START).toISOString();
          more += spool.put({ bus: "main", address: "p1", readAt, clock: "untrusted", frames }).length;
        }
      },
      Error,
      "Cannot store readouts: nothing of them was taken",
    );
    spool.release([[1, 2_000]]);
    assertEquals(spool.status().depth, taken + more - 2_000);
  }));

Deno.test("a full spool is thinned as well while the clock stands in 1970, all but the last day that was trusted", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const options = { maxBytes: 600_000, now: () => new Date(0) };
    using spool = openSpool(`${folder}/spool.db`, options);
    const readout = (at: number): TakenReadout => ({
      bus: "main",
      address: "p1",
      readAt: new Date(at).toISOString(),
      clock: at < START ? "untrusted" : "trusted",
      frames: [new Uint8Array(400)],
    });
    for (let at = START; at < START + 3 * DAY; at += QUARTER) spool.put(readout(at));
    for (let count = 0; count < 400; count++) spool.put(readout(count * 60_000));
    const { dropped, depth } = spool.status();
    assert(dropped > 0);
    assertEquals(dropped + depth, 3 * 96 + 400);
    const last = spool.peek({ limit: 1_000 }).filter(({ readAt }) => readAt > new Date(START + 2 * DAY).toISOString());
    assertEquals(last.length, 95);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
