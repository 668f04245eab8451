import { assert, assertEquals } from "@std/assert";
import { silentLog } from "@mbus-gateway/resource";
import { createCounts } from "../../gateway/counts.ts";
import { createDelivery } from "../../gateway/delivery.ts";
import { openSpool } from "../../gateway/spool.ts";
import { spoolCare } from "../../gateway/spool_care.ts";
import { manualTime } from "../fixtures/manual_time.ts";
import { HoldingServer } from "../soak/holding_server.ts";

const ROWS = 6_000;

Deno.test("what is taken while a damaged spool is copied goes out at once, and the copies follow at the capped rate", async () => {
  const folder = await Deno.makeTempDir({ prefix: "mbus_salvage_" });
  try {
    const path = `${folder}/spool.db`;
    const { clock, timer, pass } = manualTime();
    const taken = (address: string) => {
      const frames = [new Uint8Array(100)];
      return { bus: "main", address, readAt: clock.now().toISOString(), clock: "trusted" as const, frames };
    };
    {
      using spool = openSpool(path);
      spool.put(...Array.from({ length: ROWS }, (_, index) => taken(`p${index}`)));
    }
    damageMiddle(path);
    using spool = openSpool(path, { clock, timer });
    const counts = createCounts();
    const limits = { backlogPerMinute: 600 };
    const delivery = createDelivery({ spool, gateway: "GW-0001", counts, clock, timer, random: () => 0.5, limits });
    const arrived = new Map<string, number>();
    const server = new HoldingServer({ onReadout: ({ address }) => arrived.set(address, timer.elapsed()) });
    const stop = new AbortController();
    const onDone = () => delivery.wake();
    const care = spoolCare({ spool, timer, log: silentLog, signal: stop.signal, onDone });
    const run = delivery.run(server.connect(delivery), stop.signal);
    const takenAt = new Map<string, number>();
    // Six steps lie 20 ms apart: some of these fall in between.
    for (let live = 0; live < 20; live++) {
      await pass(11);
      spool.put(taken(`live${live}`));
      takenAt.set(`live${live}`, timer.elapsed());
      delivery.wake();
    }
    await pass(1_000);
    for (const [address, at] of takenAt) {
      const late = (arrived.get(address) ?? Infinity) - at;
      assert(late <= 30_000, `${address} was ${late} ms on its way`);
    }
    // The last step's, where they are less than a message, may go with the live ones.
    assert(arrived.size < takenAt.size + 600, `${arrived.size} came in a second`);
    while (spool.status().depth > 0 && timer.elapsed() < 3_600_000) await pass(10_000);
    assert(arrived.size > ROWS - 100, `${arrived.size} arrived in the end`);
    assertEquals([...server.arrivals.values()].filter((count) => count > 1), []);
    stop.abort();
    await pass(10_000);
    await Promise.all([run, care]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

function damageMiddle(path: string) {
  using file = Deno.openSync(path, { read: true, write: true });
  const { size } = file.statSync();
  file.seekSync(Math.floor(size / 4096 / 2) * 4096, Deno.SeekMode.Start);
  file.writeSync(new Uint8Array(4096).fill(0xa5));
}
