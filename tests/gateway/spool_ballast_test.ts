import { assertEquals } from "@std/assert";
import { spoolBallast } from "../../gateway/spool_ballast.ts";

const MIB = 1024 * 1024;

Deno.test("spoolBallast() takes room once, gives it back, and takes it again after a while", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const path = `${folder}/spool.db`;
    const size = () => Deno.statSync(`${path}.ballast`).size;
    const there = () => [...Deno.readDirSync(folder)].length > 0;
    let now = 0;
    const ballast = spoolBallast(path, () => now);
    assertEquals(ballast.drop(), false);
    ballast.take();
    assertEquals(size(), 4 * MIB);
    assertEquals([ballast.drop(), there(), ballast.drop()], [true, false, false]);
    ballast.take();
    assertEquals(there(), false);
    now = 60_000;
    ballast.take();
    assertEquals(size(), 4 * MIB);
    // One that a power cut left half written is written anew.
    Deno.truncateSync(`${path}.ballast`, MIB);
    spoolBallast(path, () => now).take();
    assertEquals(size(), 4 * MIB);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
