import { createCounts } from "../../gateway/counts.ts";
import { createDelivery } from "../../gateway/delivery.ts";
import { openSpool } from "../../gateway/spool.ts";
import { manualTime } from "../fixtures/manual_time.ts";
import { heatMeterFrame } from "../fixtures/readouts.ts";
import { randomSequence } from "../simulator/noise.ts";
import { HoldingServer } from "./holding_server.ts";

export interface LyingConfirmationsOptions {
  readouts: number;
  seed: number;
}

export interface LyingConfirmations {
  taken: number;
  /** Different readouts that the server holds, and what the gateway still has, parked or not. */
  held: number;
  left: number;
  /** What the gateway let go of before the server held it. */
  tooEarly: number;
  lost: number;
  doubled: number;
  late: number;
}

/** Confirmations that are lost, doubled and reordered on their way, over connections that end in between. */
export async function lyingConfirmations({ readouts, seed }: LyingConfirmationsOptions): Promise<LyingConfirmations> {
  const folder = await Deno.makeTempDir({ prefix: "mbus_confirmations_" });
  try {
    const random = randomSequence(seed);
    const time = manualTime();
    const counts = createCounts();
    using spool = openSpool(`${folder}/spool.db`, { ...time, counts });
    const delivery = createDelivery({ spool, gateway: "GW-0001", counts, ...time, random });
    const found: LyingConfirmations = { taken: 0, held: 0, left: 0, tooEarly: 0, lost: 0, doubled: 0, late: 0 };
    const late: (() => void)[] = [];
    const server = new HoldingServer({
      confirm(confirmation, deliver) {
        const fate = random();
        if (fate < 0.3) return void found.lost++;
        if (fate < 0.5) {
          found.late++;
          return void late.splice(Math.floor(random() * (late.length + 1)), 0, () => deliver(confirmation));
        }
        deliver(confirmation);
        if (fate > 0.8) {
          found.doubled++;
          deliver(confirmation);
        }
      },
    });
    const stop = new AbortController();
    let run = delivery.run(server.connect(delivery), stop.signal);
    const isLeft = () => new Set(spool.peek({ limit: readouts }).map(({ seq }) => seq));
    while (found.taken < readouts) {
      const readAt = time.clock.now().toISOString();
      const frames = [heatMeterFrame({ energyKwh: found.taken })];
      const round = Array.from({ length: 5 }, (_, index) => ({ address: `p${index}`, bus: "main", readAt, frames }));
      found.taken += spool.put(...round.map((one) => ({ ...one, clock: "trusted" as const }))).length;
      delivery.wake();
      await time.pass(random() * 30_000);
      if (random() < 0.3) late.shift()?.();
      if (random() < 0.1) {
        server.cut();
        await run;
        run = delivery.run(server.connect(delivery), stop.signal);
      }
      const left = isLeft();
      for (let seq = 1; seq <= found.taken; seq++) {
        if (!left.has(seq) && !server.arrivals.has(`${spool.epoch}/${seq}`)) found.tooEarly++;
      }
    }
    for (let hours = 0; hours < 48 && spool.status().depth > 0; hours++) await time.pass(3_600_000);
    stop.abort();
    await time.pass(60_000);
    await run;
    const { depth, parked } = spool.status();
    return { ...found, held: server.arrivals.size, left: depth + parked };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
