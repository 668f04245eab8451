import { openDatabase, type Sql } from "../../../server/db/mod.ts";
import { hashToken } from "../../../server/http/tokens.ts";
import { freePort } from "../../fixtures/free_port.ts";
import { serverProcess } from "../../fixtures/server_process.ts";
import { realPlatform } from "../../fixtures/site_platform.ts";
import { type Publisher, publisher } from "./gateways.ts";

/** What a round of work added, and what it took. */
export interface Measured {
  seconds: number;
  readings: number;
  telegrams: number;
  megabytes: number;
  /** Messages of a batch, and milliseconds from its forming to its commit, on average. */
  perBatch: number;
  commitMs: number;
}

/** One server process with a broker, a database and gateways of its own. */
export interface BenchSite extends AsyncDisposable {
  sql: Sql;
  databaseUrl: string;
  httpPort: number;
  gateways: Publisher;
  /** Counts what work adds to the tables, and what memory the server has after it. */
  measured(work: () => Promise<{ seconds: number }>): Promise<Measured>;
}

/** The month that the messages are of. */
const WRITTEN_FROM = "2026-01-01T00:00:00Z";

/** Starts a server on an empty database and registers the gateways. */
export async function benchSite(names: readonly string[], tokenOf: (gateway: string) => string): Promise<BenchSite> {
  await using stack = new AsyncDisposableStack();
  const folder = await Deno.makeTempDir();
  stack.defer(() => Deno.remove(folder, { recursive: true }));
  const platform = stack.use(await realPlatform(folder));
  const [metricsPort, httpPort] = [freePort(), freePort()];
  const env = { ...platform.serverEnv, HTTP_PORT: String(httpPort), METRICS_PORT: String(metricsPort) };
  const server = stack.use(serverProcess(env));
  await server.start();
  const databaseUrl = platform.serverEnv.DATABASE_URL ?? "";
  const { sql } = stack.use(await openDatabase({ url: databaseUrl, maxConnections: 1 }));
  for (const name of names) {
    await sql`insert into gateways (tenant_id, gateway_id, token_hash) values (1, ${name}, ${
      hashToken(tokenOf(name))
    })`;
  }
  const gateways = stack.use(
    await publisher(names, async (name) => {
      const { url = "", ca = "", cert = "", key = "" } = await platform.gatewayMqtt(name, "");
      const [caText, certText, keyText] = await Promise.all([ca, cert, key].map((file) => Deno.readTextFile(file)));
      return { url, ca: caText, cert: certText, key: keyText };
    }),
  );
  const owned = stack.move();
  return {
    sql,
    databaseUrl,
    httpPort,
    gateways,
    measured: (work) => measure(sql, metricsPort, work),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

async function measure(sql: Sql, metricsPort: number, work: () => Promise<{ seconds: number }>): Promise<Measured> {
  const counts = async () => {
    const [row] = await sql<{ readings: number; telegrams: number }[]>`
      select (select count(*) from readings where time >= ${WRITTEN_FROM})::float8 as readings,
        (select count(*) from telegrams)::float8 as telegrams`;
    return row ?? { readings: 0, telegrams: 0 };
  };
  const [before, metricsBefore] = [await counts(), await metricsOf(metricsPort)];
  const { seconds } = await work();
  const [after, metrics] = [await counts(), await metricsOf(metricsPort)];
  const added = (name: string) => metrics(name) - metricsBefore(name);
  return {
    seconds,
    readings: after.readings - before.readings,
    telegrams: after.telegrams - before.telegrams,
    megabytes: metrics("process_resident_memory_bytes") / 1e6,
    perBatch: added("mbus_ingest_batch_messages_sum") / added("mbus_ingest_batch_messages_count"),
    commitMs: added("mbus_ingest_commit_seconds_sum") / added("mbus_ingest_commit_seconds_count") * 1000,
  };
}

async function metricsOf(port: number): Promise<(name: string) => number> {
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  return (name) => Number(new RegExp(`^${name} (\\S+)$`, "m").exec(text)?.[1]);
}
