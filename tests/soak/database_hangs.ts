import { hashToken, newToken } from "../../server/http/tokens.ts";
import { messageMaker, publisher } from "../bench/ingest/gateways.ts";
import { freePort } from "../fixtures/free_port.ts";
import { privateMosquitto } from "../fixtures/private_mosquitto.ts";
import { freshDatabase, privatePostgres } from "../fixtures/private_postgres.ts";
import { serverProcess } from "../fixtures/server_process.ts";
import { delay } from "@std/async";

export interface DatabaseHangs {
  /** Readouts that the gateways sent, and that are stored in the end. */
  sent: number;
  stored: number;
  /** Readouts stored more than once. */
  twice: number;
  /** Connections that the server made to the broker; one is what it should be. */
  connections: number;
  /** Resident memory of the server: before, and the most while the database hung. */
  megabytes: [before: number, most: number];
  /** From the moment the database went on to the last confirmation. */
  drainSeconds: number;
}

const GATEWAYS = ["GW-0001", "GW-0002", "GW-0003", "GW-0004"];

/** Gateways go on publishing while the database hangs (SIGSTOP) for so long; then it goes on. */
export async function databaseHangs(
  { seconds, perSecond }: { seconds: number; perSecond: number },
): Promise<DatabaseHangs> {
  await using broker = await privateMosquitto({ tls: false });
  await using at = await freshDatabase();
  const { sql } = at.database;
  for (const name of GATEWAYS) {
    await sql`insert into gateways (tenant_id, gateway_id, token_hash) values (1, ${name}, ${hashToken(newToken())})`;
  }
  const metricsPort = freePort();
  const env = { DATABASE_URL: at.url, MQTT_URL: broker.url, HTTP_PORT: String(metricsPort), LOG_LEVEL: "info" };
  await using server = serverProcess(env, ["serve", "--role", "ingest"]);
  await server.start();
  await using gateways = await publisher(GATEWAYS, () => Promise.resolve({ url: broker.url }));
  const make = messageMaker(GATEWAYS);
  const first = make(40);
  await gateways.publish(first);

  const before = await residentMegabytes(metricsPort);
  let most = before;
  const messages = make(Math.ceil(seconds * perSecond));
  privatePostgres().freeze(true);
  let sent;
  try {
    sent = gateways.publish(messages, { perSecond });
    for (let second = 0; second < seconds; second++) {
      await delay(1000);
      most = Math.max(most, await residentMegabytes(metricsPort));
    }
  } finally {
    privatePostgres().freeze(false);
  }
  const start = performance.now();
  await sent;
  const drainSeconds = (performance.now() - start) / 1000;
  most = Math.max(most, await residentMegabytes(metricsPort));
  const [row] = await sql<{ stored: number; twice: number }[]>`
    select count(*)::float8 as stored, count(*) filter (where n > 1)::float8 as twice
    from (select count(distinct read_at) as n from telegrams group by tenant_id, gateway_id, epoch, seq) readouts`;
  const connections = server.lines.filter((line) => line.includes("Taking in readouts")).length;
  await server.stop();
  return {
    sent: [...first, ...messages].reduce((sum, { readouts }) => sum + readouts, 0),
    stored: row?.stored ?? NaN,
    twice: row?.twice ?? NaN,
    connections,
    megabytes: [Math.round(before), Math.round(most)],
    drainSeconds: Math.round(drainSeconds * 10) / 10,
  };
}

async function residentMegabytes(port: number): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  return Number(/^process_resident_memory_bytes (\d+)$/m.exec(text)?.[1]) / 1e6;
}
