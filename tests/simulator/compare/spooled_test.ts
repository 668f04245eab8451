import { assertEquals, assertThrows } from "@std/assert";
import { openSpool } from "../../../gateway/spool.ts";
import { readSpool } from "./spooled.ts";

const ROWS = 400;
const PAGE = 4096;

/** A closed spool file with many rows. */
async function withSpool(body: (path: string) => void) {
  const folder = await Deno.makeTempDir({ prefix: "mbus_spooled_" });
  try {
    const path = `${folder}/spool.db`;
    {
      using spool = openSpool(path);
      const readout = { bus: "main", address: "p1", readAt: "2026-01-31T12:00:00.000Z", clock: "trusted" as const };
      spool.put(...Array.from({ length: ROWS }, (_, i) => ({ ...readout, frames: [new Uint8Array(100).fill(i)] })));
    }
    body(path);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("readSpool() reads every row", () =>
  withSpool((path) => {
    const { newest, rows } = readSpool(path);
    assertEquals([newest, rows.size], [ROWS, ROWS]);
    assertEquals(rows.get(171), { frames: ["aa".repeat(100)], parked: null });
  }));

Deno.test("readSpool() throws at a damaged page, instead of calling the rows behind it lost", () =>
  withSpool((path) => {
    const file = Deno.readFileSync(path);
    const middle = Math.floor(file.length / PAGE / 2) * PAGE;
    Deno.writeFileSync(path, file.fill(0xa5, middle, middle + 2 * PAGE));
    assertThrows(() => readSpool(path), Error, "malformed");
  }));
