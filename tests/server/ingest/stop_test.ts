import { assert, assertEquals } from "@std/assert";
import { freePort } from "../../fixtures/free_port.ts";
import { needs } from "../../fixtures/needs.ts";
import { serverProcess } from "../../fixtures/server_process.ts";
import { privateMosquitto } from "../../fixtures/private_mosquitto.ts";
import { freshDatabase, privatePostgres } from "../../fixtures/private_postgres.ts";
import { until } from "../../fixtures/until.ts";
import { assertExact } from "./exact.ts";
import { ResendingGateway } from "./resending_gateway.ts";

const READOUTS = 1500;

Deno.test({
  name:
    "a server that is stopped under load stores what it has, ends with 0, and loses nothing; also on a hung database",
  ...needs("mosquitto", "initdb"),
  async fn() {
    await using broker = await privateMosquitto({ tls: false });
    await using at = await freshDatabase();
    const { sql } = at.database;
    await sql`insert into gateways (tenant_id, gateway_id, token_hash) values (1, 'GW-0001', sha256('one'))`;
    const env = { DATABASE_URL: at.url, MQTT_URL: broker.url, HTTP_PORT: String(freePort()) };
    await using server = serverProcess(env, ["serve", "--role", "ingest"]);
    const gateway = new ResendingGateway({ gateway: "GW-0001", mqtt: { url: broker.url }, readouts: READOUTS });
    const sent = gateway.sendAll();
    const stored = async () => Number((await sql`select count(*) as n from telegrams`)[0]?.n);

    await server.start();
    await until("it is at work", async () => await stored() > 0);
    assertEquals(await timedStop(server), 0);
    const confirmed = new Set(gateway.held);
    const rows = await sql<{ seq: number }[]>`select seq::int as seq from telegrams`;
    assert(confirmed.isSubsetOf(new Set(rows.map(({ seq }) => seq))));

    await server.start();
    await until("it goes on", async () => await stored() > confirmed.size);
    privatePostgres().freeze(true);
    try {
      assertEquals(await timedStop(server), 0);
    } finally {
      privatePostgres().freeze(false);
    }

    await server.start();
    await sent;
    await assertExact(sql, "GW-0001", gateway, READOUTS);
    assertEquals(await timedStop(server), 0);
  },
});

/** Stops it; five seconds are what whoever stops it grants. */
async function timedStop(server: { stop(): Promise<number> }): Promise<number> {
  const start = performance.now();
  const code = await server.stop();
  const seconds = (performance.now() - start) / 1000;
  assert(seconds < 5, `it took ${seconds} s`);
  return code;
}
