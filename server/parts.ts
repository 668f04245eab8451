import type { Log, MqttSessionOptions } from "@mbus-gateway/resource";
import { brokerIdentity } from "./broker_identity.ts";
import type { ServerConfig } from "./config.ts";
import type { Database } from "./db/mod.ts";
import { embeddedDatabaseFolder } from "./flags.ts";
import { isGatewayToken } from "./gateway_password.ts";

/** Where the database is; disposal ends it where it is our own. */
export interface DatabasePart extends AsyncDisposable {
  url: string;
  maxConnections?: number;
  /** Rejects when it stopped by itself and only a restart helps. */
  broken: Promise<never>;
}

/** Who the server is to the broker; disposal ends the broker where it is our own. */
export interface BrokerPart extends AsyncDisposable {
  mqtt: MqttSessionOptions;
}

/** The configured database, or the embedded one, started. */
export async function databasePart(config: ServerConfig, log: Log): Promise<DatabasePart> {
  if (config.database !== null) return { url: config.database.url, broken: never(), ...nothingToEnd };
  // Loaded only here: a server with a database of its own needs none of it.
  const { embeddedPostgres } = await import("./embedded/postgres.ts");
  const folder = embeddedDatabaseFolder(config);
  log.info("Starting the embedded database; a real site names a PostgreSQL with DATABASE_URL", { folder });
  const postgres = await embeddedPostgres(folder);
  const broken = postgres.broken.then((error) => Promise.reject(error));
  broken.catch(() => {}); // whoever waits for it hears of it
  return {
    url: postgres.url,
    maxConnections: 1,
    broken,
    [Symbol.asyncDispose]: () => postgres[Symbol.asyncDispose](),
  };
}

/** The configured broker, or the embedded one, started. */
export async function brokerPart(config: ServerConfig, database: Database, log: Log): Promise<BrokerPart> {
  if (config.broker !== null) return { mqtt: await brokerIdentity(config.broker), ...nothingToEnd };
  const { embeddedBroker } = await import("./embedded/broker.ts");
  const broker = await embeddedBroker({
    port: config.embeddedMqttPort,
    authenticate: (gateway, token) => isGatewayToken(database, gateway, token),
    log,
  });
  return { mqtt: { url: broker.url, ...broker.server }, [Symbol.asyncDispose]: () => broker[Symbol.asyncDispose]() };
}

const nothingToEnd: AsyncDisposable = { [Symbol.asyncDispose]: () => Promise.resolve() };

function never(): Promise<never> {
  return new Promise(() => {});
}
