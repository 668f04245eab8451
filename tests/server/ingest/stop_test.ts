import { assert, assertEquals } from "@std/assert";
import { freePort } from "../../fixtures/free_port.ts";
import { needs } from "../../fixtures/needs.ts";
import { serverProcess } from "../../fixtures/server_process.ts";
import { privateMosquitto } from "../../fixtures/private_mosquitto.ts";
import { freshDatabase, privatePostgres } from "../../fixtures/private_postgres.ts";
import { until } from "../../fixtures/until.ts";
import { assertExact } from "./exact.ts";
import { ResendingGateway } from "./resending_gateway.ts";

const READOUTS = 400;

Deno.test({
  name:
    "a server that is stopped under load stores what it has, ends with 0, and loses nothing; also on a hung database",
  ...needs("mosquitto", "initdb"),
  async fn() {
    await using broker = await privateMosquitto({ tls: false });
    await using at = await freshDatabase();
    const { sql } = at.database;
    const port = String(freePort());
    const env = { DATABASE_URL: at.url, MQTT_URL: broker.url, HTTP_PORT: port };
    await using server = serverProcess(env, ["serve", "--role", "ingest"]);
    const [first, second] = await Promise.all(["GW-0001", "GW-0002"].map(async (gateway) => {
      await sql`insert into gateways (tenant_id, gateway_id, token_hash) values (1, ${gateway}, sha256(${gateway}::bytea))`;
      return new ResendingGateway({ gateway, mqtt: { url: broker.url }, readouts: READOUTS });
    })) as [ResendingGateway, ResendingGateway];

    await server.start();
    const sent = [first.sendAll()];
    await until("it is at work", async () => Number((await sql`select count(*) as n from telegrams`)[0]?.n) > 0);
    assertEquals(await timedStop(server), 0);
    const rows = await sql<{ seq: number }[]>`select seq::int as seq from telegrams`;
    assert(first.held.isSubsetOf(new Set(rows.map(({ seq }) => seq))));

    await server.start();
    privatePostgres().freeze(true);
    try {
      sent.push(second.sendAll());
      await until("messages wait for the database", async () => {
        const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
        return Number(/^mbus_ingest_waiting_messages (\d+)$/m.exec(text)?.[1]) > 0;
      });
      assertEquals(await timedStop(server), 0);
    } finally {
      privatePostgres().freeze(false);
    }

    await server.start();
    await Promise.all(sent);
    await assertExact(sql, "GW-0001", first, READOUTS);
    await assertExact(sql, "GW-0002", second, READOUTS);
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
