import { assert, assertEquals } from "@std/assert";
import { silentLog } from "@mbus-gateway/resource";
import { encodePayload } from "@mbus-gateway/wire";
import { systemClock, systemTimer } from "../../../gateway/clock.ts";
import { createCounts } from "../../../gateway/counts.ts";
import { createRadioDesk } from "../../../gateway/radio/radio_desk.ts";
import { radioLoop } from "../../../gateway/radio/radio_loop.ts";
import { openSpool } from "../../../gateway/spool.ts";
import { createIngest } from "../../../server/ingest/mod.ts";
import { testDatabase } from "../../fixtures/private_postgres.ts";
import { until } from "../../fixtures/until.ts";
import { compare } from "../compare.ts";
import { seededRadioFaults } from "./radio_faults.ts";
import { keyOf, radioMeters } from "./radio_meter.ts";
import { simulateRadio } from "./simulate_radio.ts";

/** The server knows the keys of all meters. */
const KNOWLEDGE = {
  of: () => ({ keys: ({ identification }: { identification: string }) => keyOf(identification), formats: () => null }),
  refresh: () => Promise.resolve(),
};

Deno.test("from the air to the tables, every telegram taken is held once and equal to the ledger", async () => {
  const folder = await Deno.makeTempDir({ prefix: "mbus_radio_chain_" });
  {
    await using test = await testDatabase();
    const { database } = test;
    await database.sql`insert into gateways (tenant_id, gateway_id, token_hash) values (1, 'GW-0001', sha256('token'))`;
    const { ingest } = createIngest({ database, knowledge: KNOWLEDGE });
    const faults = seededRadioFaults(20260131, { lost: 0.1, repeated: 0.2, noise: 0.1, corrupt: 0.1, pieces: 0.2 });
    await using radio = simulateRadio({
      receiver: "im871a",
      meters: radioMeters(12),
      ledger: `${folder}/ledger`,
      faults,
    });
    using spool = openSpool(`${folder}/spool.db`);
    const { stations: [station] } = createRadioDesk([{
      ...{ name: "roof", receiver: "im871a", port: radio.url, modes: ["C", "T"] },
      ...{ intervalMs: null, silentAfterMs: 600_000 },
    }]);
    assert(station !== undefined);
    const stop = new AbortController();
    const running = radioLoop({
      ...{ station, spool, counts: createCounts(), clock: systemClock(), timer: systemTimer, log: silentLog },
      ...{ onTaken: () => {}, stop: stop.signal, turnMs: 20 },
    });
    await until("the receiver listens", () => station.status.state === "listening");
    for (let round = 0; round < 3; round++) await radio.transmit();
    // What is still on its way has come when a whole turn brought nothing.
    let heard = -1;
    await until("all has come", async () => {
      const before = heard;
      await new Promise((resolve) => setTimeout(resolve, 400));
      heard = station.status.counts.heard;
      return heard === before;
    });
    stop.abort();
    await running;
    const payload = { gateway: "GW-0001", epoch: spool.epoch, sentAt: new Date().toISOString() };
    const message = encodePayload({ ...payload, readouts: spool.peek({ limit: 100 }) });
    const [result] = await ingest([{ origin: "mqtt", gateway: "GW-0001", payload: message }]);
    spool.release(result?.confirmation?.held ?? []);
    const { differences, ...comparison } = await compare({
      ...{ ledger: `${folder}/ledger`, spools: [`${folder}/spool.db`], sql: database.sql, gateway: "GW-0001" },
    });
    assertEquals(differences, []);
    assertEquals([comparison.taken, comparison.untaken], [comparison.answeredWhole, 0]);
    assert(comparison.held > 20 && comparison.held < 36, JSON.stringify(comparison));
  }
  await Deno.remove(folder, { recursive: true });
});
