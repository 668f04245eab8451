import { assert, assertEquals, assertRejects } from "@std/assert";
import { DeviceError } from "@mbus-gateway/resource";
import { claimedLines, claimLines } from "../../gateway/line_claim.ts";
import { openTransport } from "../../gateway/transport.ts";
import { simulateBus } from "../simulator/mod.ts";

Deno.test("claimLines() gives the lines to the gateway or to one command, whoever comes first", async () => {
  const folder = await Deno.makeTempDir();
  {
    using gateway = claimLines(folder, "gateway");
    using bus = claimLines(folder, "gateway");
    assert(gateway !== null && bus !== null, "each bus of the gateway has them");
    assertEquals(claimLines(folder, "command"), null);
  }
  {
    using command = claimLines(folder, "command");
    assert(command !== null);
    assertEquals([claimLines(folder, "gateway"), claimLines(folder, "command")], [null, null]);
  }
  assertEquals([...Deno.readDirSync(folder)], []);
  await Deno.remove(folder);
  using nowhere = claimLines(folder, "command");
  assert(nowhere !== null, "where no gateway has ever run, none is in the way");
});

Deno.test("claimedLines() opens a line once no command has it, and keeps commands from it then", async () => {
  const folder = await Deno.makeTempDir();
  await using bus = simulateBus({ ledger: `${folder}/ledger`, meters: 1 });
  const command = claimLines(folder, "command");
  {
    using lines = claimedLines(folder, openTransport);
    const open = () => lines.open({ port: bus.url, baudRate: 2400 }, {});
    await assertRejects(open, DeviceError, `Cannot open ${bus.url}: a command on this machine talks to its meters`);
    command?.[Symbol.dispose]();
    await using _line = await open();
    assertEquals(claimLines(folder, "command"), null);
  }
  using _after = claimLines(folder, "command");
  assert(_after !== null);
  await Deno.remove(folder, { recursive: true });
});
