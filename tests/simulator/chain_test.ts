import { assert, assertEquals } from "@std/assert";
import { encodePayload } from "@mbus-gateway/wire";
import { type MeterBus, meterBus, MeterError } from "../../gateway/meter_bus.ts";
import { loadLibc } from "../../gateway/libc.ts";
import { openSpool } from "../../gateway/spool.ts";
import { openTransport } from "../../gateway/transport.ts";
import { createIngest } from "../../server/ingest/mod.ts";
import { testDatabase } from "../fixtures/private_postgres.ts";
import { ptyPair } from "../fixtures/pty.ts";
import { compare } from "./compare.ts";
import { seededFaults } from "./faults.ts";
import { readLedger } from "./ledger.ts";
import { manufacturerCode } from "./telegram.ts";
import { simulateBus, type SimulatedBus } from "./simulate_bus.ts";

// Stays open for the whole process, as in the gateway.
await loadLibc();

/** The meter's address as a gateway's configuration writes it. */
function secondaryAddress({ meters }: SimulatedBus, index: number): string {
  const identity = meters[index]?.identity;
  if (identity === undefined) throw new Error(`Cannot address meter ${index}: there is none`);
  const rest = [...manufacturerCode(identity.manufacturer), identity.version, identity.deviceTypeCode];
  return identity.identification + Uint8Array.from(rest).toHex();
}

/** Reads a meter again until it can be read: on this line something is often in the way. */
async function readAtLast(bus: MeterBus, address: string): Promise<Uint8Array[]> {
  for (let attempt = 1;; attempt++) {
    try {
      return await bus.readMeter(address);
    } catch (error) {
      if (!(error instanceof MeterError) || attempt === 20) throw error;
    }
  }
}

Deno.test("from a faulty line to the tables, every readout taken is held once and equal to the ledger", async () => {
  const folder = await Deno.makeTempDir({ prefix: "mbus_chain_" });
  {
    await using test = await testDatabase();
    const { database } = test;
    await database.sql`insert into gateways (tenant_id, gateway_id, token_hash) values (1, 'GW-0001', sha256('token'))`;
    const { ingest } = createIngest({ database });
    const faults = seededFaults(
      20260131,
      { drop: 0.03, delay: 0.03, corrupt: 0.08, wrong_address: 0.05, repeat: 0.05 },
      {
        delayMs: 150,
      },
    );
    await using simulated = simulateBus({ ledger: `${folder}/ledger`, faults });
    await using line = await openTransport({ port: simulated.url, baudRate: 38_400 });
    const bus = meterBus(line, { baudRate: 38_400, timeoutMs: 100 });
    using spool = openSpool(`${folder}/spool.db`);
    for (let round = 0; round < 6; round++) {
      for (let index = 0; index < simulated.meters.length; index++) {
        const address = round % 2 === 0 ? `p${index + 1}` : secondaryAddress(simulated, index);
        const frames = await readAtLast(bus, address);
        spool.put({ bus: "main", address, readAt: new Date().toISOString(), clock: "trusted", frames });
      }
      const payload = { gateway: "GW-0001", epoch: spool.epoch, sentAt: new Date().toISOString() };
      const message = encodePayload({ ...payload, readouts: spool.peek({ limit: 100 }) });
      const results = await ingest([message, message].map((payload) => ({
        origin: "mqtt",
        gateway: "GW-0001",
        payload,
      })));
      spool.release(results[0]?.confirmation?.held ?? []);
    }
    const { differences, ...comparison } = await compare({
      ...{ ledger: `${folder}/ledger`, spools: [`${folder}/spool.db`], sql: database.sql, gateway: "GW-0001" },
      // A read that was given up and begun anew leaves an answer behind that nobody took.
      kills: readLedger(`${folder}/ledger`).size,
    });
    assertEquals(differences, []);
    assertEquals([comparison.taken, comparison.held, comparison.waiting], [36, 36, 0]);
    const { retries, corrupt, wrongMeter, noAnswer } = bus.counts;
    for (const met of [retries, corrupt, wrongMeter, noAnswer]) assert(met > 0, JSON.stringify(bus.counts));
  }
  await Deno.remove(folder, { recursive: true });
});

Deno.test("over a pty the serial transport reads the same meters", async () => {
  const folder = await Deno.makeTempDir({ prefix: "mbus_chain_" });
  {
    await using simulated = simulateBus({ ledger: `${folder}/ledger` });
    await using pty = ptyPair();
    const serving = simulated.serve(pty);
    {
      await using line = await openTransport({ port: pty.path, baudRate: 38_400 });
      const bus = meterBus(line, { baudRate: 38_400 });
      for (const address of ["p1", "p6", secondaryAddress(simulated, 5)]) {
        const frames = await bus.readMeter(address);
        const last = [...readLedger(`${folder}/ledger`).values()].at(-1);
        assertEquals(frames.map((frame) => frame.toHex()), last?.frames);
        assertEquals(last?.whole, true);
      }
    }
    await pty.hangUp();
    await serving;
  }
  await Deno.remove(folder, { recursive: true });
});
